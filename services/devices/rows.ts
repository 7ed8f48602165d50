/** The columns of the rows that go onto the wire; `checkStatements` compares them with their schemas. */
export const deviceColumns =
  'id, name, type, status, paused, capabilities, nests, location, settings, fencing_token, created_at, updated_at';

export const bookingColumns =
  'id, device_id, workflow_id, fencing_token, status, operations, queue_entry_id, booked_at, released_at, release_reason';

export const entryColumns =
  'id, device_id, workflow_id, priority, priority_value, status, operations, queued_at, booked_at, cancelled_at, cancel_reason';

/** The highest value of a bigint: before the first page of what is read newest first. */
export const highestId = '9223372036854775807';

/** True for the text of a number that can be an id: digits, within bigint. Anything else is no row's id. */
export function isId(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) <= BigInt(highestId);
}

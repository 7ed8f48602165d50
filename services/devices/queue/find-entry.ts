import { deviceErrors, QueueEntry } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { entryColumns, isId } from '../rows.ts';

const find = rows(
  'devices.find_entry',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue WHERE device_id = $1 AND id = $2`,
);

/** Any entry of a device, whatever became of it. */
export async function findEntry(
  db: Queryable,
  deviceId: string,
  entryId: string,
): Promise<QueueEntry | undefined> {
  return isId(entryId) ? db.first(find, [deviceId, entryId]) : undefined;
}

/** An entry that waits. Throws `queue_entry_not_found`, `queue_entry_not_waiting` (booked or cancelled before). */
export async function mustWait(db: Queryable, deviceId: string, entryId: string): Promise<QueueEntry> {
  const entry = await findEntry(db, deviceId, entryId);
  if (entry?.status === 'queued') return entry;
  throw notWaiting(deviceId, entryId, entry);
}

/** Why nothing can be done with this entry: it is not there, or waits no more. */
export function notWaiting(deviceId: string, entryId: string, entry: QueueEntry | undefined) {
  if (!entry)
    return deviceErrors.problem(
      'queue_entry_not_found',
      `The queue of ${deviceId} has no entry ${JSON.stringify(entryId)}. GET /devices/${deviceId}/queue lists those that wait.`,
    );
  return deviceErrors.problem(
    'queue_entry_not_waiting',
    entry.status === 'booked'
      ? `Entry ${entryId} was booked at ${entry.booked_at}. Release the booking instead: POST /devices/${deviceId}/release.`
      : `Entry ${entryId} was cancelled at ${entry.cancelled_at}; there is nothing left to do.`,
    { extra: { entry } },
  );
}

import { deviceErrors, QueueEntry } from '@labwright/contract-devices';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { lockDevice } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { entryColumns, isId } from '../rows.ts';

/** $1 device, $2 reason; each needs the lock of the device and writes one event an entry. */
const cancelling = (condition: string) =>
  `WITH cancelled AS (
     UPDATE device_queue SET status = 'cancelled', cancelled_at = clock_timestamp(), cancel_reason = $2
     WHERE device_id = $1 AND status = 'queued'${condition}
     RETURNING ${entryColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'queue.cancelled', device_id, workflow_id,
            jsonb_build_object('entry_id', id::text, 'reason', cancel_reason)
     FROM cancelled
   )`;

const cancelOne = rows(
  'devices.cancel_entry',
  QueueEntry,
  `${cancelling(' AND id = $3')} SELECT ${entryColumns} FROM cancelled`,
);

/** Index: device_queue_one_waiting. */
export const cancelOfWorkflow = rows(
  'devices.cancel_entry_of_workflow',
  QueueEntry,
  `${cancelling(' AND workflow_id = $3')} SELECT ${entryColumns} FROM cancelled`,
);

export const cancelAll = rows(
  'devices.cancel_all_entries',
  Type.Object({ entries: Type.Integer() }),
  `${cancelling('')} SELECT count(*)::int AS entries FROM cancelled`,
);

const find = rows(
  'devices.find_entry',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue WHERE device_id = $1 AND id = $2`,
);

/**
 * Takes an entry out of the queue; under the device's lock, so that it is never booked afterwards.
 * Throws `device_not_found`, `queue_entry_not_found`, `queue_entry_not_waiting` (booked or cancelled before).
 */
export async function cancelEntry(
  deps: DevicesDeps,
  request: { device_id: string; entry_id: string; reason: string },
): Promise<QueueEntry> {
  const { device_id, entry_id, reason } = request;
  const { cancelled, entry } = await deps.db.transaction(async (tx) => {
    await lockDevice(tx, device_id);
    if (!isId(entry_id)) return {};
    const cancelled = await tx.first(cancelOne, [device_id, reason, entry_id]);
    return cancelled ? { cancelled } : { entry: await tx.first(find, [device_id, entry_id]) };
  });
  if (cancelled) {
    deps.announce();
    return cancelled;
  }
  if (!entry)
    throw deviceErrors.problem(
      'queue_entry_not_found',
      `The queue of ${device_id} has no entry ${JSON.stringify(entry_id)}. GET /devices/${device_id}/queue lists those that wait.`,
    );
  throw deviceErrors.problem(
    'queue_entry_not_waiting',
    entry.status === 'booked'
      ? `Entry ${entry_id} was booked at ${entry.booked_at}. Release the booking instead: POST /devices/${device_id}/release.`
      : `Entry ${entry_id} was cancelled at ${entry.cancelled_at}; there is nothing left to do.`,
    { extra: { entry } },
  );
}

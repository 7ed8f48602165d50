import { QueueEntry } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { entryColumns } from '../rows.ts';

/** Index: device_queue_one_waiting. */
const waiting = rows(
  'devices.find_waiting_entry',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue WHERE device_id = $1 AND workflow_id = $2 AND status = 'queued'`,
);

/** The entry with which a workflow waits for a device. */
export function findWaiting(
  db: Queryable,
  deviceId: string,
  workflowId: string,
): Promise<QueueEntry | undefined> {
  return db.first(waiting, [deviceId, workflowId]);
}

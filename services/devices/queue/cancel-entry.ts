import { type Approval, auditContext, auditSql, demandApproval, recordAudit } from '@labwright/audit';
import { QueueEntry } from '@labwright/contract-devices';
import { nullable } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { lockDevice } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { entryColumns, isId } from '../rows.ts';
import { findEntry, notWaiting } from './find-entry.ts';

/** $1 device, $2 reason, then `auditContext()`; each needs the lock of the device and writes one event an entry. */
const cancelling = (context: string, condition: string) =>
  `WITH cancelled AS (
     UPDATE device_queue SET status = 'cancelled', cancelled_at = clock_timestamp(), cancel_reason = $2
     WHERE device_id = $1 AND status = 'queued'${condition}
     RETURNING ${entryColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'queue.cancelled', device_id, workflow_id,
            jsonb_build_object('entry_id', id::text, 'reason', cancel_reason)
     FROM cancelled
   ), audit AS (
     ${auditSql({
       action: `'queue.leave'`,
       subject: `'device:' || device_id`,
       reason: 'cancel_reason',
       before: `jsonb_build_object('entry_id', id::text, 'workflow_id', workflow_id, 'priority', priority)`,
       context,
       from: 'cancelled',
     })}
   )`;

const cancelOne = rows(
  'devices.cancel_entry',
  QueueEntry,
  `${cancelling('$4', ' AND id = $3')} SELECT ${entryColumns} FROM cancelled`,
);

/** Index: device_queue_one_waiting. */
export const cancelOfWorkflow = rows(
  'devices.cancel_entry_of_workflow',
  QueueEntry,
  `${cancelling('$4', ' AND workflow_id = $3')} SELECT ${entryColumns} FROM cancelled`,
);

export const cancelAll = rows(
  'devices.cancel_all_entries',
  Type.Object({ entries: Type.Integer() }),
  `${cancelling('$3', '')} SELECT count(*)::int AS entries FROM cancelled`,
);

const queuedBy = rows(
  'devices.queued_by',
  Type.Object({ queued_by: nullable(Type.String()), workflow_id: Type.String() }),
  `SELECT queued_by, workflow_id FROM device_queue WHERE device_id = $1 AND id = $2 AND status = 'queued'`,
);

/**
 * Takes an entry out of the queue (somebody else's may need a reason); under the device's lock, so that it is never booked afterwards.
 * Throws `device_not_found`, `queue_entry_not_found`, `queue_entry_not_waiting` (booked or cancelled before).
 */
export async function cancelEntry(
  deps: DevicesDeps,
  request: { device_id: string; entry_id: string; reason: string },
  approval: Approval,
): Promise<QueueEntry> {
  const { device_id, entry_id, reason } = request;
  const { cancelled, entry } = await deps.db.transaction(async (tx) => {
    await lockDevice(tx, device_id);
    if (!isId(entry_id)) return {};
    const owner = await tx.first(queuedBy, [device_id, entry_id]);
    if (owner?.queued_by && owner.queued_by !== currentPrincipal().id) {
      demandApproval(deps.audit, approval, 'take away a place that somebody else waits in');
      await recordAudit(tx, {
        action: approval.action,
        subject: approval.subject,
        before: { entry_id, ...owner },
        approval,
      });
    }
    const cancelled = await tx.first(cancelOne, [device_id, reason, entry_id, auditContext()]);
    return cancelled ? { cancelled } : { entry: await findEntry(tx, device_id, entry_id) };
  });
  if (cancelled) {
    deps.announce();
    return cancelled;
  }
  throw notWaiting(device_id, entry_id, entry);
}

import { type Approval, demandApproval, recordAudit } from '@labwright/audit';
import { deviceErrors, type Priority, QueueEntry } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { lockDevice } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { entryColumns } from '../rows.ts';
import { mustWait } from './find-entry.ts';
import { priorityValues } from './priorities.ts';

/** Only of an entry that waits with the priority that it was seen with ($4). */
const change = rows(
  'devices.change_entry_priority',
  QueueEntry,
  `WITH entry AS (
     UPDATE device_queue SET priority = $2, priority_value = $3
     WHERE id = $1 AND status = 'queued' AND priority = $4
     RETURNING ${entryColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'queue.entered', device_id, workflow_id,
            jsonb_build_object('entry_id', id::text, 'reason', 'priority_changed', 'priority', priority)
     FROM entry
   )
   SELECT ${entryColumns} FROM entry`,
);

/**
 * Gives a waiting entry another priority, with its audit entry and its event; it keeps its `queued_at`. Under the device's lock, so that
 * it is not booked meanwhile. With `expected_priority` only where it still has that one: who decided by what they saw decides about
 * nothing else.
 * Throws `device_not_found`, `queue_entry_not_found`, `queue_entry_not_waiting`, `queue_entry_changed`, `reason_required`.
 */
export async function changePriority(
  deps: DevicesDeps,
  request: { device_id: string; entry_id: string; priority: Priority; expected_priority?: Priority },
  approval: Approval,
): Promise<QueueEntry> {
  const { device_id, entry_id, priority, expected_priority } = request;
  const entry = await deps.db.transaction(async (tx) => {
    await lockDevice(tx, device_id);
    const entry = await mustWait(tx, device_id, entry_id);
    if (expected_priority !== undefined && entry.priority !== expected_priority)
      throw deviceErrors.problem(
        'queue_entry_changed',
        `Entry ${entry_id} has priority ${entry.priority} by now, not ${expected_priority}: somebody else moved it. Look at the queue again.`,
        { extra: { entry } },
      );
    return movePriority(deps, tx, { entry, priority, approval });
  });
  deps.announce();
  return entry;
}

/** `approval` is that of a person who asks here and now: to move an entry may need a reason. Needs the lock of the device. */
export async function movePriority(
  { audit }: DevicesDeps,
  tx: Queryable,
  { entry, priority, approval }: { entry: QueueEntry; priority: Priority; approval: Approval | undefined },
): Promise<QueueEntry> {
  if (priority === entry.priority) return entry;
  if (approval) demandApproval(audit, approval, 'change the place of what waits already');
  const { id: entry_id, workflow_id } = entry;
  await recordAudit(tx, {
    action: 'queue.change_priority',
    subject: `device:${entry.device_id}`,
    before: { entry_id, workflow_id, priority: entry.priority },
    after: { entry_id, workflow_id, priority },
    ...(approval ? { approval } : {}),
  });
  const moved = await tx.first(change, [entry_id, priority, priorityValues[priority], entry.priority]);
  if (!moved) throw new Error(`the entry ${entry_id} changed under the lock of its device`);
  return moved;
}

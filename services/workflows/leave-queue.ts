import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { auditWorkflow, byItself } from './audit.ts';

const leave = command(
  'workflows.leave_queue',
  `UPDATE workflows
   SET status = CASE WHEN started_at IS NULL THEN 'created' ELSE 'paused' END, status_reason = $3,
       queue_entry_id = NULL, updated_at = clock_timestamp()
   WHERE id = $1 AND status = 'queued' AND queue_entry_id IS NOT DISTINCT FROM $2`,
);

/** The entry of a queued workflow is no more: it is as it was before it was queued, and a person decides. */
export async function leaveQueue(
  tx: Queryable,
  request: { workflowId: string; entryId: string | null; reason: string },
): Promise<void> {
  const { workflowId, entryId, reason } = request;
  if ((await tx.execute(leave, [workflowId, entryId, reason])) === 0) return;
  await auditWorkflow(tx, workflowId, 'workflow.leave_queue', {
    ...byItself,
    reason,
    before: { status: 'queued', queue_entry_id: entryId },
  });
}

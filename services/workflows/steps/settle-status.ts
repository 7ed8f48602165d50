import { WorkflowStatus } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

const settle = rows(
  'workflows.settle_status',
  Type.Object({ status: WorkflowStatus, status_reason: nullable(Type.String()) }),
  `UPDATE workflows w
   SET status = CASE WHEN f.reason IS NULL THEN 'running' ELSE 'failed' END,
       status_reason = f.reason, updated_at = clock_timestamp()
   FROM (SELECT) one LEFT JOIN LATERAL (
     SELECT CASE s.status
              WHEN 'unknown' THEN format('Nobody knows what became of step %s (%s)', s.position, s.operation)
              ELSE format('Step %s (%s) failed: %s', s.position, s.operation, coalesce(s.error->>'message', 'no reason was given'))
            END AS reason
     FROM workflow_steps s
     WHERE s.workflow_id = $1 AND s.status IN ('failed', 'unknown')
     ORDER BY s.position LIMIT 1
   ) f ON true
   WHERE w.id = $1 AND w.status IN ('running', 'failed')
   RETURNING w.status, w.status_reason`,
);

/**
 * A workflow that holds its device is `failed` while one of its steps is failed or unknown, and `running` otherwise.
 * To be called with the workflow locked, after its steps or its status were changed. Leaves other states alone.
 */
export async function settleStatus(tx: Queryable, workflowId: string): Promise<WorkflowStatus | undefined> {
  return (await tx.first(settle, [workflowId]))?.status;
}

import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { auditWorkflow, byItself } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { lockWorkflow } from '../workflow-row.ts';
import { settleStatus } from './settle-status.ts';
import type { RunningStep } from './step-row.ts';

// Guarded by `ask_again_at`: who was overtaken by the repair loop has no say any more.
const putBack = rows(
  'workflows.step.put_back',
  Type.Object({ position: Type.Integer() }),
  `UPDATE workflow_steps s
   SET status = s.before->>'status', execution_id = s.before->>'execution_id', attempts = s.attempts - 1,
       result = nullif(s.before->'result', 'null'), error = nullif(s.before->'error', 'null'),
       started_at = (s.before->>'started_at')::timestamptz,
       finished_at = (s.before->>'finished_at')::timestamptz,
       duration_ms = (s.before->>'duration_ms')::integer,
       ask_again_at = NULL, before = NULL
   WHERE s.execution_id = $1 AND s.status = 'running' AND s.ask_again_at = $2
   RETURNING s.position`,
);

const pause = command(
  'workflows.booking_lost',
  `UPDATE workflows
   SET status = 'paused', status_reason = $2, booking_id = NULL, fencing_token = NULL, updated_at = clock_timestamp()
   WHERE id = $1 AND status IN ('running', 'failed')`,
);

const auditPutBack = (tx: Queryable, { workflow_id, position, execution_id }: RunningStep, reason: string) =>
  auditWorkflow(tx, workflow_id, 'step.put_back', {
    ...byItself,
    reason,
    before: { position, execution_id },
  });

/** The device did not take the try: the step is as before. */
export async function putBackStep(deps: CoreDeps, step: RunningStep): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const [, position] = await Promise.all([
      lockWorkflow(tx, step.workflow_id),
      tx.first(putBack, [step.execution_id, step.ask_again_at]),
      settleStatus(tx, step.workflow_id),
    ]);
    if (position) await auditPutBack(tx, step, 'the device did not take it');
  });
}

/** The device says that somebody else holds it: the step is as before and the workflow paused. */
export async function putBackAndPause(deps: CoreDeps, step: RunningStep, reason: string): Promise<void> {
  const paused = await deps.db.transaction(async (tx) => {
    const [, position] = await Promise.all([
      lockWorkflow(tx, step.workflow_id),
      tx.first(putBack, [step.execution_id, step.ask_again_at]),
    ]);
    if (position === undefined) return false;
    await auditPutBack(tx, step, reason);
    await pauseWithoutBooking(tx, step.workflow_id, reason);
    return true;
  });
  if (paused) deps.figures.workflow('paused');
}

/** A workflow whose booking is gone waits for a person. To be called with the workflow locked. */
export async function pauseWithoutBooking(tx: Queryable, workflowId: string, reason: string): Promise<void> {
  if ((await tx.execute(pause, [workflowId, reason])) === 0) return;
  await auditWorkflow(tx, workflowId, 'workflow.pause', { ...byItself, reason, after: { status: 'paused' } });
}

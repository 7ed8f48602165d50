import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { auditWorkflow, byItself } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { lockWorkflow } from '../workflow-row.ts';
import { settleStatus } from './settle-status.ts';

/** How one try at a step ended. */
export interface Outcome {
  execution_id: string;
  status: 'succeeded' | 'failed' | 'unknown';
  result: Record<string, unknown> | null;
  error: { code: string; message: string } | null;
  /** How long its device took; null where nobody measured it. */
  duration_ms: number | null;
}

const findTry = rows(
  'workflows.step.find_try',
  Type.Object({ workflow_id: Type.String() }),
  'SELECT workflow_id FROM workflow_steps WHERE execution_id = $1',
);

// Index workflow_steps_execution. An outcome counts once, whoever brings it.
const record = rows(
  'workflows.step.record',
  Type.Object({ position: Type.Integer(), operation: Type.String(), seconds: Type.Number() }),
  `UPDATE workflow_steps s
   SET status = $2, result = $3::jsonb, error = $4::jsonb, finished_at = clock_timestamp(),
       duration_ms = $5, ask_again_at = NULL, before = NULL
   WHERE s.execution_id = $1 AND s.status = 'running'
   RETURNING s.position, s.operation, extract(epoch FROM clock_timestamp() - s.started_at)::float8 AS seconds`,
);

/**
 * Records an outcome within a transaction and answers what is to be done after its commit; undefined where the try is
 * not ours or its outcome is known already.
 */
export async function recordOutcomeIn(
  tx: Queryable,
  deps: CoreDeps,
  outcome: Outcome,
): Promise<(() => void) | undefined> {
  const found = await tx.first(findTry, [outcome.execution_id]);
  if (!found) return undefined;
  const [, recorded, status] = await Promise.all([
    lockWorkflow(tx, found.workflow_id),
    tx.first(record, [
      outcome.execution_id,
      outcome.status,
      outcome.result && JSON.stringify(outcome.result),
      outcome.error && JSON.stringify(outcome.error),
      outcome.duration_ms,
    ]),
    settleStatus(tx, found.workflow_id),
  ]);
  if (!recorded) return undefined;
  const { position, operation } = recorded;
  await auditWorkflow(tx, found.workflow_id, 'step.end', {
    ...byItself,
    before: { position, status: 'running' },
    after: {
      position,
      operation,
      status: outcome.status,
      error: outcome.error,
      execution_id: outcome.execution_id,
    },
  });
  return () => {
    deps.figures.step(recorded.operation, outcome.status, recorded.seconds);
    if (status === 'failed') deps.figures.workflow('failed');
    deps.wake.conductor();
  };
}

/** Records how a try ended, unless that is known already. */
export async function recordOutcome(deps: CoreDeps, outcome: Outcome): Promise<void> {
  const after = await deps.db.transaction((tx) => recordOutcomeIn(tx, deps, outcome));
  after?.();
}

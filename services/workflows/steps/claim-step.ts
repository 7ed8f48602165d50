import { randomUUID } from 'node:crypto';
import { workflowErrors } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { actionInProgress, whyInProgress } from '../actions/claim.ts';
import { isAllowed, wrongState } from '../allowed.ts';
import { auditWorkflow, byItself } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { lockWorkflow, workflowNotFound } from '../workflow-row.ts';
import { settleStatus } from './settle-status.ts';
import { asRunning, type RunningStep, StepRow, stepColumns, stepName } from './step-row.ts';

// Steps are carried out in order: the first that is not settled is the only one in question.
const nextStep = rows(
  'workflows.step.next',
  StepRow,
  `SELECT ${stepColumns} FROM workflow_steps s
   WHERE s.workflow_id = $1 AND s.status NOT IN ('succeeded', 'skipped')
   ORDER BY s.position LIMIT 1`,
);

const newestTry = rows(
  'workflows.step.newest_try',
  Type.Object({ position: Type.Integer() }),
  `SELECT s.position FROM workflow_steps s
   WHERE s.workflow_id = $1 AND s.started_at IS NOT NULL
   ORDER BY s.started_at DESC, s.position DESC LIMIT 1`,
);

const claimRow = rows(
  'workflows.step.claim',
  StepRow,
  `UPDATE workflow_steps s
   SET status = 'running', attempts = s.attempts + 1, execution_id = $3, started_at = clock_timestamp(),
       result = NULL, error = NULL, finished_at = NULL, duration_ms = NULL, task_seen_at = NULL,
       ask_again_at = clock_timestamp() + make_interval(secs => $4::float8),
       before = jsonb_build_object('status', s.status, 'execution_id', s.execution_id, 'result', s.result,
         'error', s.error, 'started_at', s.started_at, 'finished_at', s.finished_at,
         'duration_ms', s.duration_ms)
   WHERE s.workflow_id = $1 AND s.position = $2 AND s.status IN ('pending', 'failed')
   RETURNING ${stepColumns}`,
);

const noteAction = command(
  'workflows.step.note_action',
  'UPDATE workflows SET last_action_id = $2, updated_at = clock_timestamp() WHERE id = $1',
);

export interface StepRequest {
  workflowId: string;
  /** The id of the request, by which it recognises its own try when it is repeated; null for the conductor. */
  actionId: string | null;
  /** Seconds that device-service may take to answer. */
  waitSeconds: number;
}

/**
 * Sets the next pending step `running`, or the failed one again, with a new execution id, and commits that before
 * the device is asked. `repeated` is the position of the step that this very request claimed before.
 * Throws `workflow_not_found`, `wrong_state`, `action_in_progress`, `step_in_progress`, `outcome_unknown` or
 * `no_step_left`.
 */
export function claimStep(
  deps: CoreDeps,
  request: StepRequest,
): Promise<{ claimed: RunningStep } | { repeated: number }> {
  return deps.db.transaction(async (tx) => {
    const [workflow, step] = await Promise.all([
      lockWorkflow(tx, request.workflowId),
      tx.first(nextStep, [request.workflowId]),
    ]);
    if (!workflow) throw workflowNotFound(request.workflowId);
    if (request.actionId !== null && workflow.last_action_id === request.actionId) {
      const repeated = await tx.first(newestTry, [workflow.id]);
      if (repeated) return { repeated: repeated.position };
    }
    if (!isAllowed('execute-step', workflow.status)) throw wrongState(workflow, 'execute-step');
    if (workflow.action !== null) throw actionInProgress(workflow);
    if (!step) throw noStepLeft(workflow.id);
    if (step.status === 'running') throw await whyInProgress(tx, workflow);
    if (step.status === 'unknown') throw outcomeUnknown(step);
    return { claimed: asRunning(await claim(deps, tx, request, step), workflow) };
  });
}

async function claim(deps: CoreDeps, tx: Queryable, request: StepRequest, step: StepRow): Promise<StepRow> {
  // Nobody asks again before our own answer must be there.
  const waits = step.operator_task ? 0 : request.waitSeconds;
  const lease = waits + deps.settings.actionLeaseMs / 1_000;
  const [claimed] = await Promise.all([
    tx.first(claimRow, [step.workflow_id, step.position, randomUUID(), lease]),
    settleStatus(tx, step.workflow_id),
    ...(request.actionId === null ? [] : [tx.execute(noteAction, [step.workflow_id, request.actionId])]),
  ]);
  if (!claimed) throw new Error(`${stepName(step)} of workflow ${step.workflow_id} changed under its lock`);
  const { position, operation, attempts, execution_id } = claimed;
  await auditWorkflow(tx, step.workflow_id, 'step.begin', {
    before: { position, status: step.status },
    after: { position, operation, attempts, execution_id },
    ...(request.actionId === null ? byItself : {}),
  });
  return claimed;
}

const noStepLeft = (workflowId: string) =>
  workflowErrors.problem(
    'no_step_left',
    `Every step of workflow ${workflowId} has been carried out. Complete it with POST /workflows/${workflowId}/complete.`,
  );

const outcomeUnknown = (step: StepRow) =>
  workflowErrors.problem(
    'outcome_unknown',
    `Nobody knows what became of step ${step.position} (${step.operation}). Look at the instrument, then tell with POST /workflows/${step.workflow_id}/resolve-step.`,
    { extra: { position: step.position, execution_id: step.execution_id } },
  );

import type { Approval } from '@labwright/audit';
import { type Step, type Workflow, workflowErrors } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { actionInProgress } from './actions/claim.ts';
import { isAllowed, wrongState } from './allowed.ts';
import { auditWorkflow } from './audit.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';
import { settleStatus } from './steps/settle-status.ts';
import { lockWorkflow, workflowNotFound } from './workflow-row.ts';

/** Marks a result or an error that a person told. */
const byHand = 'resolved_by_hand';

// Steps run in order, so there is at most one.
const resolve = rows(
  'workflows.step.resolve',
  Type.Object({ position: Type.Integer() }),
  `UPDATE workflow_steps s
   SET status = $2, finished_at = clock_timestamp(),
       result = CASE WHEN $2 = 'succeeded' THEN jsonb_build_object('${byHand}', $3::text) END,
       error = CASE WHEN $2 = 'failed' THEN jsonb_build_object('code', '${byHand}', 'message', $3::text) END
   WHERE s.workflow_id = $1 AND s.status = 'unknown'
   RETURNING s.position`,
);

const note = command(
  'workflows.step.note_resolution',
  'UPDATE workflows SET last_action_id = $2, updated_at = clock_timestamp() WHERE id = $1',
);

export interface ResolveRequest {
  workflowId: string;
  actionId: string;
  outcome: 'succeeded' | 'failed';
  /** How the person knows. Kept with the step. */
  reason: string;
  approval: Approval;
}

/**
 * A person tells what became of a step whose outcome is unknown: succeeded, and the workflow goes on; failed, and the
 * step can be tried again. Throws `workflow_not_found`, `wrong_state`, `action_in_progress`, `no_unknown_step`.
 */
export async function resolveStep(
  deps: CoreDeps,
  request: ResolveRequest,
): Promise<{ step: Step; workflow: Workflow }> {
  const resolved = await deps.db.transaction((tx) => decide(tx, request));
  deps.wake.conductor();
  const workflow = await loadWorkflow(deps.db, request.workflowId);
  const step = workflow.steps.find(
    resolved === 'before' ? wasResolvedByHand : (candidate) => candidate.position === resolved,
  );
  if (!step) throw new Error(`The step of workflow ${workflow.id} that was resolved is gone`);
  return { step, workflow };
}

/** The position of the step; `before` where this very request decided it before. */
async function decide(tx: Queryable, request: ResolveRequest): Promise<number | 'before'> {
  const workflow = await lockWorkflow(tx, request.workflowId);
  if (!workflow) throw workflowNotFound(request.workflowId);
  if (workflow.last_action_id === request.actionId) return 'before';
  if (!isAllowed('resolve-step', workflow.status)) throw wrongState(workflow, 'resolve-step');
  if (workflow.action !== null) throw actionInProgress(workflow);
  const [resolved] = await Promise.all([
    tx.first(resolve, [workflow.id, request.outcome, request.reason]),
    tx.execute(note, [workflow.id, request.actionId]),
    settleStatus(tx, workflow.id),
  ]);
  if (resolved) {
    const { position } = resolved;
    await auditWorkflow(tx, workflow.id, 'step.resolve', {
      before: { position, status: 'unknown' },
      after: { position, status: request.outcome },
      approval: request.approval,
    });
    return position;
  }
  throw workflowErrors.problem(
    'no_unknown_step',
    `No step of workflow ${workflow.id} waits for a decision. A failed step is tried again with POST /workflows/${workflow.id}/execute-step.`,
  );
}

const wasResolvedByHand = (step: Step) =>
  step.error?.code === byHand || (step.result !== null && byHand in step.result);

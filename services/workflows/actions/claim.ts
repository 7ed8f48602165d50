import { type Approval, demandApproval } from '@labwright/audit';
import { type WorkflowStatus, workflowErrors } from '@labwright/contract-workflows';
import { carryContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import type { Problem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { statesThatAllow, type WorkflowRequest, wrongState } from '../allowed.ts';
import { auditWorkflow } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { findWaitingTask, taskInProgress } from '../tasks/waiting.ts';
import {
  type ActionArgs,
  type ActionName,
  type HeldRow,
  HeldRow as HeldRowSchema,
  heldColumns,
  lockWorkflow,
  workflowNotFound,
} from '../workflow-row.ts';

/** A workflow whose action in hand is ours until `action_until`. */
export interface Held extends HeldRow {
  action: ActionName;
  action_id: string;
  action_args: ActionArgs;
  action_until: string;
}

// A running step keeps the device: nothing may take it away meanwhile. One that waits for a person does not move it: the
// workflow can be cancelled, and where its booking was lost it can be resumed.
const claimRow = rows(
  'workflows.action.claim',
  HeldRowSchema,
  `UPDATE workflows w
   SET action = $2, action_id = $3, action_args = $4::jsonb,
       action_until = clock_timestamp() + make_interval(secs => $5::float8), updated_at = clock_timestamp()
   WHERE w.id = $1 AND w.action IS NULL AND w.status = ANY($6::text[])
     AND NOT EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'running'
                     AND (s.operator_task IS NULL OR $2 NOT IN ('cancel', 'resume')))
   RETURNING ${heldColumns}`,
);

export interface ActionRequest {
  workflowId: string;
  /** The id of the request: asked again with the same one, what it did is found done. */
  actionId: string;
  action: ActionName & WorkflowRequest;
  args: ActionArgs;
  /** A workflow in this state is answered as if the action had just brought it there. */
  doneIn?: WorkflowStatus;
  /** Of whoever leaves the rest of its steps out. */
  skips?: Approval;
}

/**
 * Takes the action in hand, or finds that this very request was recorded before (`done`).
 * Throws `workflow_not_found`, `action_in_progress`, `wrong_state` or `step_in_progress`.
 */
export async function claimAction(
  deps: CoreDeps,
  request: ActionRequest,
): Promise<{ held: Held } | { done: HeldRow }> {
  const { found, claimed } = await deps.db.transaction(async (tx) => {
    // Locked first: the statement after it sees whatever step was claimed before we got the lock.
    const [found, claimed] = await Promise.all([
      lockWorkflow(tx, request.workflowId),
      tx.first(claimRow, [
        request.workflowId,
        request.action,
        request.actionId,
        JSON.stringify(argsOf(request)),
        deps.settings.actionLeaseMs / 1_000,
        statesThatAllow(request.action),
      ]),
    ]);
    if (claimed && request.skips) await approveSkips(deps, tx, claimed.id, request.skips);
    return { found, claimed };
  });
  if (claimed) return { held: asHeld(claimed) };
  if (!found) throw workflowNotFound(request.workflowId);
  if (found.last_action_id === request.actionId) return { done: found };
  // An undo leaves the state as it is; any other action in hand is about to change it.
  const lasts = found.action === null || found.action === 'undo';
  if (found.status === request.doneIn && lasts) return { done: found };
  if (found.action !== null) throw actionInProgress(found);
  if (!statesThatAllow(request.action).includes(found.status)) throw wrongState(found, request.action);
  throw await whyInProgress(deps.db, found);
}

const stepsLeft = rows(
  'workflows.action.steps_left',
  Type.Object({ position: Type.Integer() }),
  `SELECT s.position FROM workflow_steps s
   WHERE s.workflow_id = $1 AND s.status NOT IN ('succeeded', 'skipped') ORDER BY s.position`,
);

/** Nothing to approve where every step was carried out. Throws `reason_required`, `signature_required`. */
async function approveSkips(deps: CoreDeps, tx: Queryable, workflowId: string, approval: Approval) {
  const positions = (await tx.query(stepsLeft, [workflowId])).map(({ position }) => position);
  if (positions.length === 0) return;
  demandApproval(deps.audit, approval, 'leave steps out');
  await auditWorkflow(tx, workflowId, approval.action, { before: { positions }, approval });
}

/** Whoever brings the action to its end later knows for whom. */
function argsOf({ args }: ActionRequest): ActionArgs {
  const context = carryContext();
  return args.by === 'request' && context !== null ? { ...args, context } : args;
}

/** A row that was just claimed, as what it is. */
export function asHeld(row: HeldRow): Held {
  const { action, action_id, action_args, action_until } = row;
  if (action === null || action_id === null || action_until === null)
    throw new Error(`Workflow ${row.id} has no action in hand`);
  return { ...row, action, action_id, action_until, action_args: action_args ?? { by: 'repair' } };
}

export const actionInProgress = (workflow: {
  id: string;
  status: WorkflowStatus;
  action: ActionName | null;
}) =>
  workflowErrors.problem(
    'action_in_progress',
    `Another action (${workflow.action}) on workflow ${workflow.id} is under way. Look at it again after Retry-After.`,
    { extra: { workflow_status: workflow.status, action: workflow.action }, retryAfter: 1 },
  );

/** `step_in_progress`, with what is to be done about it. */
export async function whyInProgress(
  db: Queryable,
  workflow: { id: string; device_id: string; status: WorkflowStatus },
): Promise<Problem> {
  const task = await db.first(findWaitingTask, [workflow.id]);
  return task ? taskInProgress(workflow, task) : stepInProgress(workflow);
}

const stepInProgress = (workflow: { id: string; device_id: string; status: WorkflowStatus }) =>
  workflowErrors.problem(
    'step_in_progress',
    `A step of workflow ${workflow.id} is being carried out: the device must not be taken away while it moves. Wait until it has ended, or stop it with POST /devices/${workflow.device_id}/abort of device-service.`,
    { extra: { workflow_status: workflow.status }, retryAfter: 5 },
  );

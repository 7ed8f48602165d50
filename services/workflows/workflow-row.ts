import { Priority } from '@labwright/contract-devices';
import { Workflow, workflowErrors } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const { steps: _steps, samples: _samples, ...columns } = Workflow.properties;

/** The part of `workflows` that goes onto the wire. */
export const WorkflowRow = Type.Object(columns);
export type WorkflowRow = Static<typeof WorkflowRow>;

/** Of a statement that names the table `w`. */
export const workflowColumns = `w.id, w.name, w.device_id, w.status, w.status_reason, w.priority, w.auto, w.booking_id,
  w.fencing_token, w.queue_entry_id, w.created_at, w.started_at, w.finished_at, w.updated_at`;

const actionNames = ['start', 'complete', 'cancel', 'pause', 'resume', 'undo', 'requeue'] as const;
export const ActionName = Type.Enum(actionNames);
export type ActionName = Static<typeof ActionName>;

/** What an action was asked with; kept with its claim, so that whoever takes it over knows. */
export const ActionArgs = Type.Object({
  by: Type.Enum(['request', 'conductor', 'repair', 'feed']),
  queue: Type.Optional(Type.Boolean()),
  priority: Type.Optional(Priority),
  auto: Type.Optional(Type.Boolean()),
  reason: Type.Optional(Type.String()),
  /** Of whoever asked (`carryContext`). */
  context: Type.Optional(Type.String()),
  /** Withdraw this booking only. */
  booking_id: Type.Optional(Type.String()),
});
export type ActionArgs = Static<typeof ActionArgs>;

/** A workflow with the action in hand, if there is one. */
export const HeldRow = Type.Object({
  ...columns,
  action: nullable(ActionName),
  action_id: nullable(Type.String()),
  action_args: nullable(ActionArgs),
  action_until: nullable(Type.String()),
  last_action_id: nullable(Type.String()),
});
export type HeldRow = Static<typeof HeldRow>;

export const heldColumns = `${workflowColumns}, w.action, w.action_id, w.action_args, w.action_until, w.last_action_id`;

const find = rows('workflows.find_held', HeldRow, `SELECT ${heldColumns} FROM workflows w WHERE w.id = $1`);

const lock = rows(
  'workflows.lock',
  HeldRow,
  `SELECT ${heldColumns} FROM workflows w WHERE w.id = $1 FOR UPDATE`,
);

// The feed is read in the order of the transactions' numbers: whoever changes a workflow takes its turn here before its
// transaction gets one, so that the events of one workflow come in the order in which they happened.
const takeTurn = command('workflows.take_turn', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 5002))');

/** The workflow, locked until the transaction ends: whatever changes a workflow or its steps begins here. */
export async function lockWorkflow(tx: Queryable, id: string): Promise<HeldRow | undefined> {
  const [, locked] = await Promise.all([tx.execute(takeTurn, [id]), tx.first(lock, [id])]);
  return locked;
}

/** Throws `workflow_not_found`. */
export async function findWorkflow(db: Queryable, id: string): Promise<HeldRow> {
  const found = await db.first(find, [id]);
  if (!found) throw workflowNotFound(id);
  return found;
}

export const workflowNotFound = (id: string) =>
  workflowErrors.problem('workflow_not_found', `There is no workflow ${id}. \`GET /workflows\` lists them.`);

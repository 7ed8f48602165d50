import { OperatorTask, StepTask } from '@labwright/contract-hub/tasks';
import type { Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { CoreDeps } from '../deps.ts';
import { stepTask } from './step-task.ts';

// Index workflow_steps_one_running.
const skipWaiting = rows(
  'workflows.tasks.skip_waiting',
  Type.Object({
    workflow_id: Type.String(),
    position: Type.Integer(),
    execution_id: Type.String(),
    started_at: nullable(Type.String()),
    operator_task: OperatorTask,
  }),
  `UPDATE workflow_steps s
   SET status = 'skipped', finished_at = clock_timestamp(), ask_again_at = NULL, before = NULL,
       error = jsonb_build_object('code', 'workflow_cancelled', 'message', 'The workflow was cancelled while it waited for a person')
   WHERE s.workflow_id = $1 AND s.status = 'running' AND s.operator_task IS NOT NULL
   RETURNING s.workflow_id, s.position, s.execution_id, s.started_at, s.operator_task`,
);

const insert = command(
  'workflows.tasks.recall',
  'INSERT INTO task_recalls (id, task, reason) VALUES ($1, $2::jsonb, $3) ON CONFLICT DO NOTHING',
);

/**
 * The workflow is cancelled: the step that waits for a person is skipped, and its task is withdrawn as soon as the hub can be reached,
 * noted in the transaction of the cancellation, which needs no hub. Answers the position of the step; null where none waits for a person.
 */
export async function recallTask(
  tx: Queryable,
  workflow: { id: string; device_id: string; action_args: { reason?: string } },
): Promise<number | null> {
  const [step] = await tx.query(skipWaiting, [workflow.id]);
  if (!step) return null;
  const why = workflow.action_args.reason;
  const reason = `Workflow ${workflow.id} was cancelled${why ? `: ${why}` : ''}`.slice(0, 500);
  const task = stepTask({ ...step, device_id: workflow.device_id });
  await tx.execute(insert, [task.id, JSON.stringify(task), reason]);
  return step.position;
}

const Recall = Type.Object({ id: Type.String(), task: StepTask, reason: Type.String() });
export type Recall = Static<typeof Recall>;

// Index task_recalls_due.
const take = rows(
  'workflows.tasks.take_recalls',
  Recall,
  `UPDATE task_recalls SET due_at = clock_timestamp() + make_interval(secs => $1::float8)
   WHERE id IN (SELECT id FROM task_recalls WHERE due_at <= clock_timestamp()
                ORDER BY due_at LIMIT 20 FOR UPDATE SKIP LOCKED)
   RETURNING id, task, reason`,
);

const forget = command('workflows.tasks.forget_recall', 'DELETE FROM task_recalls WHERE id = $1');

/** Those that are due, at most 20, ours for a lease. */
export const takeRecalls = (deps: CoreDeps): Promise<Recall[]> =>
  deps.db.query(take, [deps.settings.actionLeaseMs / 1_000]);

/** Throws where the hub cannot be asked: then it is due again after its lease. */
export async function withdrawTask(deps: CoreDeps, { id, task, reason }: Recall): Promise<void> {
  if (!deps.tasks) throw new Error('hub-service is not known any more: set HUB_SERVICE_URL');
  try {
    await deps.tasks.withdraw(task, reason);
  } catch (error) {
    if (!isProblem(error) || ![400, 409, 422].includes(error.status)) throw error;
    deps.log.error({ err: error, task: id }, 'the hub will not withdraw a task: it is left as it is');
  }
  await deps.db.execute(forget, [id]);
}

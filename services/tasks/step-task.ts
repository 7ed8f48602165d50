import { type StepTask, type Task, taskErrors } from '@labwright/contract-hub/tasks';
import { isProblem } from '@labwright/kernel/errors';
import type { Principal } from '@labwright/kernel/identity';
import { alter } from './alter.ts';
import { cancelling } from './cancel-task.ts';
import { insertTask } from './create-task.ts';
import type { TasksDeps } from './deps.ts';
import { asTask, findTask, type TaskRow } from './task-row.ts';

/**
 * The task of an attempt at a step: made, or as it stands where it was made before; people may have changed it since.
 * Where the person it is for works here no more, it is for operators. Throws `invalid_task`, `task_id_reused`.
 */
export async function ensureStepTask(deps: TasksDeps, task: StepTask, who: Principal): Promise<Task> {
  const { due_at, ...rest } = task;
  const asked = { ...rest, ...(due_at === null ? {} : { due_at }), who };
  const made = await insertTask(deps, asked).catch((error) => {
    // Who wrote the workflow is not here to choose somebody else: those who give out the work are.
    if (!isProblem(error, 'unknown_person')) throw error;
    return insertTask(deps, { ...asked, assignee: { role: 'operator' } });
  });
  return asTask(made ?? (await findOwn(deps, task)));
}

/**
 * Cancels the task of an attempt that nobody waits for any more, unless it has ended. One that never came is made and
 * cancelled at once: a request for it that is still under way then finds it so. Throws as `ensureStepTask` does.
 */
export async function withdrawStepTask(
  deps: TasksDeps,
  task: StepTask,
  reason: string,
  who: Principal,
): Promise<Task> {
  const { title, id, workflow_id, device_id, step } = task;
  // What nobody will do needs no form, no assignee whom it is announced to, and no due time.
  await ensureStepTask(
    { ...deps, announcer: undefined },
    { id, title, workflow_id, device_id, step, due_at: null },
    who,
  );
  // The id serves as that of the request: asked again, it finds its own doing.
  return alter(deps, 'cancel', { id, actionId: id, who }, (found) => cancelling(found, reason)).catch(
    async (error) => {
      const now = await findOwn(deps, task);
      if (now.status === 'completed' || now.status === 'cancelled') return asTask(now);
      throw error;
    },
  );
}

/** Throws `task_id_reused` where the id is that of another task. */
async function findOwn(deps: TasksDeps, { id, workflow_id, step }: StepTask): Promise<TaskRow> {
  const found = await findTask(deps.db, id);
  if (found.workflow_id === workflow_id && found.step === step) return found;
  throw taskErrors.problem(
    'task_id_reused',
    `Task ${id} belongs to ${found.workflow_id === null ? 'no workflow' : `step ${found.step} of workflow ${found.workflow_id}`}, not to step ${step} of workflow ${workflow_id}.`,
  );
}

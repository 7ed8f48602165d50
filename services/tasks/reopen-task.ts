import { type Task, taskErrors } from '@labwright/contract-hub/tasks';
import { checkManager } from './allowed.ts';
import { type AlterRequest, alter } from './alter.ts';
import type { TasksDeps } from './deps.ts';
import type { TaskRow } from './task-row.ts';

/**
 * To be done (again): its values go into its history. The end of a task that a step waited for was taken in, and stays.
 * Throws as `alter` does, and `not_your_task`, `task_of_a_step`.
 */
export function reopenTask(deps: TasksDeps, request: AlterRequest & { reason: string }): Promise<Task> {
  const { who, reason } = request;
  return alter(deps, 'reopen', request, (task) => {
    if (task.step !== null) throw endOfStep(task);
    if (task.holder_id !== who.id) checkManager(task, who);
    const changes = task.values ? { values: { before: task.values, after: null } } : null;
    return {
      set: {
        status: 'open',
        status_reason: reason,
        holder_id: null,
        holder_name: null,
        values: null,
        started_at: null,
        finished_at: null,
      },
      notes: [{ kind: 'reopened', text: reason, changes }],
      tidings: 'task.assigned',
    };
  });
}

const endOfStep = (task: TaskRow) =>
  taskErrors.problem(
    'task_of_a_step',
    `Step ${task.step} of workflow ${task.workflow_id} was told that this task is ${task.status}. Try the step again: that makes a new task.`,
  );

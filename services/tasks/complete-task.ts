import { type FormValues, faultsOfValues, type Task, taskErrors } from '@labwright/contract-hub/tasks';
import { checkHolder } from './allowed.ts';
import { type AlterRequest, alter } from './alter.ts';
import { taking } from './claim-task.ts';
import type { TasksDeps } from './deps.ts';
import type { Note } from './history.ts';
import type { TaskRow } from './task-row.ts';

/**
 * Stores the values of the form, which must be what its fields ask for. Whoever completes an open task takes it in hand on the way.
 * Throws as `alter` does, and `task_taken`, `not_your_task`, `invalid_values`.
 */
export function completeTask(
  deps: TasksDeps,
  request: AlterRequest & { values?: FormValues; comment?: string },
): Promise<Task> {
  const { who, values = {}, comment } = request;
  return alter(deps, 'complete', request, (task) => {
    checkHolder(task, who);
    const taken = task.status === 'open' ? taking(task, who) : {};
    checkValues(task, values);
    const completed: Note = { kind: 'completed', text: comment };
    return {
      set: { ...taken, status: 'completed', values, finished_at: task.now },
      notes: task.status === 'open' ? [{ kind: 'claimed' }, completed] : [completed],
      tidings: 'task.completed',
    };
  });
}

function checkValues(task: TaskRow, values: FormValues): void {
  const faults = faultsOfValues(task.fields, values, 'body.values');
  if (faults.length === 0) return;
  const detail = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw taskErrors.problem('invalid_values', detail, { faults });
}

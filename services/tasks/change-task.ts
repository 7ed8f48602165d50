import {
  type ChangeTaskRequest,
  type HistoryEntry,
  type Task,
  taskErrors,
} from '@labwright/contract-hub/tasks';
import { checkManager } from './allowed.ts';
import { type Alteration, type AlterRequest, alter } from './alter.ts';
import { assign } from './assign.ts';
import { checkFields } from './create-task.ts';
import type { TasksDeps } from './deps.ts';
import { requireGuard } from './guard.ts';
import type { LockedRow, TaskRow } from './task-row.ts';

/**
 * Changes what a task asks, for whom it is and when it is due; only of the version that the request names. One that is given to
 * somebody else while it is in hand is open again. Throws as `alter` does, and `version_required`, `not_your_task`,
 * `invalid_task`, `unknown_person`, `task_of_a_step`.
 */
export async function changeTask(
  deps: TasksDeps,
  request: AlterRequest & { change: Omit<ChangeTaskRequest, 'version'> },
): Promise<Task> {
  requireGuard(request);
  const { assignee, ...change } = request.change;
  if (change.fields) checkFields(change.fields);
  const assigned = assignee === undefined ? {} : await assign(deps, assignee, request.who);
  return alter(deps, 'change', request, (task) => {
    checkManager(task, request.who);
    if (task.step !== null && change.fields) throw formOfStep(task);
    return alterationOf(task, { ...change, ...assigned });
  });
}

function alterationOf(task: LockedRow, wanted: Partial<TaskRow>): Alteration | undefined {
  const changes = changesOf(task, wanted);
  if (Object.keys(changes).length === 0) return undefined;
  const reassigned = 'assignee_person' in changes || 'assignee_role' in changes;
  const taken = reassigned && task.status === 'in_progress' && wanted.assignee_person !== task.holder_id;
  return {
    set: { ...wanted, ...(taken ? { status: 'open', holder_id: null, holder_name: null } : {}) },
    notes: [{ kind: 'changed', changes }],
    tidings: reassigned ? 'task.assigned' : undefined,
  };
}

function changesOf(task: TaskRow, wanted: Partial<TaskRow>): NonNullable<HistoryEntry['changes']> {
  const names = Object.keys(wanted) as (keyof TaskRow)[];
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(task[name]))
      .map((name) => [name, { before: task[name], after: wanted[name] }]),
  );
}

const formOfStep = (task: TaskRow) =>
  taskErrors.problem(
    'task_of_a_step',
    `Step ${task.step} of workflow ${task.workflow_id} waits for the values of this form: its fields stay as the workflow describes them.`,
  );

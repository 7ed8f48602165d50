import { type TaskStatus, taskErrors } from '@labwright/contract-hub/tasks';
import type { Problem } from '@labwright/kernel/errors';
import { atLeast, type Principal } from '@labwright/kernel/identity';
import { asTask, type TaskRow } from './task-row.ts';

/** What can be asked of a task, as the routes name it. */
export type TaskRequest = 'change' | 'claim' | 'release' | 'complete' | 'cancel' | 'reopen';

/** The state machine: what may be asked of a task in which state. Nothing else decides about it. */
const allowedIn: Readonly<Record<TaskStatus, readonly TaskRequest[]>> = {
  open: ['claim', 'complete', 'change', 'cancel'],
  in_progress: ['complete', 'release', 'change', 'cancel'],
  completed: ['reopen'],
  cancelled: ['reopen'],
};

const doings: Readonly<Record<TaskRequest, string>> = {
  change: 'changed',
  claim: 'taken in hand',
  release: 'given back',
  complete: 'completed',
  cancel: 'cancelled',
  reopen: 'opened again',
};

/** Throws `wrong_task_state`, with the task as it stands and what it allows. */
export function checkState(task: TaskRow, request: TaskRequest): void {
  const allowed = allowedIn[task.status];
  if (allowed.includes(request)) return;
  throw taskErrors.problem(
    'wrong_task_state',
    `Task ${task.id} is ${task.status} and cannot be ${doings[request]}. Now it can be asked to: ${allowed.join(', ')}.`,
    { extra: { task: asTask(task), allowed } },
  );
}

/**
 * A task is done by the person it is for, or by whoever has at least the role it is for; an admin may do any.
 * Throws `not_your_task`.
 */
export function checkDoer(task: TaskRow, who: Principal): void {
  if (atLeast(who.role, 'admin')) return;
  if (task.assignee_person !== null && task.assignee_person !== who.id)
    throw notYours(
      `Task ${task.id} is for ${task.assignee_name}. Who made it or an operator can assign it anew.`,
    );
  if (task.assignee_role !== null && !atLeast(who.role, task.assignee_role))
    throw notYours(`Task ${task.id} is for the role ${task.assignee_role}, and ${who.name} is ${who.role}.`);
}

/** Whoever made a task may change it, and every operator. Throws `not_your_task`. */
export function checkManager(task: TaskRow, who: Principal): void {
  if (task.created_by_id === who.id || atLeast(who.role, 'operator')) return;
  throw notYours(
    `Task ${task.id} was made by ${task.created_by_name}: it is changed by them or by an operator, and ${who.name} is ${who.role}.`,
  );
}

const notYours = (detail: string): Problem => taskErrors.problem('not_your_task', detail);

/** Throws `task_taken` where somebody else has it in hand. */
export function checkHolder(task: TaskRow, who: Principal): void {
  if (task.status !== 'in_progress' || task.holder_id === who.id) return;
  throw taskErrors.problem(
    'task_taken',
    `${task.holder_name} has task ${task.id} in hand. They can give it back, and an operator can take it from them: POST /tasks/${task.id}/release.`,
    { extra: { task: asTask(task) } },
  );
}

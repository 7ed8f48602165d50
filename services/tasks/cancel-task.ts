import type { Task } from '@labwright/contract-hub/tasks';
import { checkManager } from './allowed.ts';
import { type Alteration, type AlterRequest, alter } from './alter.ts';
import type { TasksDeps } from './deps.ts';
import type { LockedRow } from './task-row.ts';

/** Nobody needs to do it any more, or nobody can. A step that waits for it fails. Throws as `alter` does, and `not_your_task`. */
export function cancelTask(deps: TasksDeps, request: AlterRequest & { reason: string }): Promise<Task> {
  return alter(deps, 'cancel', request, (task) => {
    // Who has it in hand is the one to find out that it cannot be done.
    if (task.holder_id !== request.who.id) checkManager(task, request.who);
    return cancelling(task, request.reason);
  });
}

export const cancelling = (task: LockedRow, reason: string): Alteration => ({
  set: {
    status: 'cancelled',
    status_reason: reason,
    holder_id: null,
    holder_name: null,
    finished_at: task.now,
  },
  notes: [{ kind: 'cancelled', text: reason }],
  tidings: 'task.cancelled',
});

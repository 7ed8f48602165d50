import type { Task } from '@labwright/contract-hub/tasks';
import type { Principal } from '@labwright/kernel/identity';
import { checkDoer, checkHolder, checkState } from './allowed.ts';
import { type Alteration, type AlterRequest, alter } from './alter.ts';
import type { TasksDeps } from './deps.ts';
import type { LockedRow } from './task-row.ts';

/**
 * "I take it": of those who ask at once the first one has it, and everybody else is told who. Asked again by who has it, it is answered
 * as done. Throws as `alter` does, and `task_taken`, `not_your_task`.
 */
export function claimTask(deps: TasksDeps, request: AlterRequest): Promise<Task> {
  const { who } = request;
  return alter(deps, 'claim', request, (task) => {
    checkHolder(task, who);
    if (task.status === 'in_progress') return undefined;
    checkState(task, 'claim');
    return { set: taking(task, who), notes: [{ kind: 'claimed' }] };
  });
}

/** In the hand of this person, who may do it. Throws `not_your_task`. */
export function taking(task: LockedRow, who: Principal): Alteration['set'] {
  checkDoer(task, who);
  return {
    status: 'in_progress',
    status_reason: null,
    holder_id: who.id,
    holder_name: who.name,
    started_at: task.started_at ?? task.now,
  };
}

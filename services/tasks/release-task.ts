import type { Task } from '@labwright/contract-hub/tasks';
import { atLeast } from '@labwright/kernel/identity';
import { checkHolder } from './allowed.ts';
import { type AlterRequest, alter } from './alter.ts';
import type { TasksDeps } from './deps.ts';

/** Gives a task back; an operator also takes it from somebody else. Throws as `alter` does, and `task_taken`. */
export function releaseTask(deps: TasksDeps, request: AlterRequest & { reason?: string }): Promise<Task> {
  return alter(deps, 'release', request, (task) => {
    if (!atLeast(request.who.role, 'operator')) checkHolder(task, request.who);
    return {
      set: { status: 'open', holder_id: null, holder_name: null },
      notes: [{ kind: 'released', text: request.reason }],
    };
  });
}

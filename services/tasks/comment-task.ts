import type { Principal } from '@labwright/kernel/identity';
import type { TasksDeps } from './deps.ts';
import { note } from './history.ts';
import { findTask } from './task-row.ts';

/** Says something about a task, in whatever state it is; its version stays. Throws `task_not_found`. */
export async function commentTask(
  deps: TasksDeps,
  request: { id: string; actionId: string; who: Principal; text: string },
): Promise<void> {
  const task = await findTask(deps.db, request.id);
  await note(deps.db, task, request.who, {
    kind: 'commented',
    text: request.text,
    actionId: request.actionId,
  });
}

import { taskErrors } from '@labwright/contract-hub/tasks';
import { asTask, type TaskRow } from './task-row.ts';

/** Which version a change is made of: `version` of the body, `If-Match`, both or neither. */
export interface Guard {
  version?: number | undefined;
  ifMatch?: string | undefined;
}

export const etagOf = ({ version }: { version: number }) => `"${version}"`;

/**
 * Throws `task_changed` (412) where `If-Match` names other versions than the one that is there, `version_conflict` (409)
 * where the body does; both carry the task as it stands.
 */
export function checkGuard(task: TaskRow, { version, ifMatch }: Guard): void {
  if (ifMatch !== undefined && !matches(ifMatch, task))
    throw taskErrors.problem(
      'task_changed',
      `Task ${task.id} has the ETag ${etagOf(task)} by now, not ${ifMatch}. Look at \`task\`, and ask again with its ETag.`,
      { extra: { task: asTask(task) } },
    );
  if (version !== undefined && version !== task.version)
    throw taskErrors.problem(
      'version_conflict',
      `Task ${task.id} has version ${task.version} by now, not ${version}. Look at \`task\`, and ask again with its version.`,
      { extra: { task: asTask(task) } },
    );
}

/** A weak tag (`W/"7"`) never matches: RFC 9110, section 13.1.1. */
const matches = (ifMatch: string, task: TaskRow) =>
  ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etagOf(task));

/** Throws `version_required` where a change does not say which version it is made of. */
export function requireGuard({ version, ifMatch }: Guard): void {
  if (version !== undefined || ifMatch !== undefined) return;
  throw taskErrors.problem(
    'version_required',
    'Say which version you change: `version` in the body, or its ETag in the header If-Match. Nothing was changed.',
  );
}

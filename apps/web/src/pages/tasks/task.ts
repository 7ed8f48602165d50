import type { paths } from '@labwright/client/openapi/hub-service';
import { isProblem } from '../../api/problem.ts';
import { roles, type Session } from '../../api/session.ts';

export type Task = paths['/tasks/{id}']['get']['responses'][200]['content']['application/json'];
export type TaskField = Task['fields'][number];
export type TaskAnswers = NonNullable<Task['values']>;

export const isActive = ({ status }: Pick<Task, 'status'>) => status === 'open' || status === 'in_progress';

export const isOverdue = (task: Pick<Task, 'status' | 'due_at'>, now: number) =>
  isActive(task) && task.due_at !== null && Date.parse(task.due_at) < now;

export const assigneeText = ({ assignee }: Pick<Task, 'assignee'>): string =>
  assignee === null ? 'anybody' : 'role' in assignee ? `whoever is ${assignee.role}` : assignee.name;

const rankOf = (session: Session) => (session.kind === 'nobody' ? -1 : roles.indexOf(session.role));
const idOf = (session: Session) => (session.kind === 'nobody' ? undefined : session.id);

export const holds = (task: Task, session: Session) =>
  task.holder !== null && task.holder.id === idOf(session);

/** The service decides; this hides what it would refuse. */
export function mayDo(task: Task, session: Session): boolean {
  const rank = rankOf(session);
  if (rank < roles.indexOf('scientist') || !isActive(task)) return false;
  if (task.status === 'in_progress') return holds(task, session);
  if (session.kind !== 'nobody' && session.role === 'admin') return true;
  const { assignee } = task;
  if (assignee === null) return true;
  return 'role' in assignee ? roles.indexOf(assignee.role) <= rank : assignee.person === idOf(session);
}

/** Whoever made it, and operators. */
export const mayManage = (task: Task, session: Session): boolean =>
  rankOf(session) >= roles.indexOf('operator') ||
  (rankOf(session) >= roles.indexOf('scientist') && task.created_by.id === idOf(session));

/** The task as it stands now, out of a refusal that shows it: somebody was quicker. */
export function newerTask(error: unknown): Task | undefined {
  if (!isProblem(error, 'version_conflict', 'task_changed', 'wrong_task_state', 'task_taken'))
    return undefined;
  const { task } = error.body;
  return typeof task === 'object' && task !== null && 'version' in task ? (task as Task) : undefined;
}

/** What is different, in words. */
export function differences(before: Task, after: Task): string[] {
  const told: string[] = [];
  if (before.status !== after.status)
    told.push(
      `It is ${after.status.replaceAll('_', ' ')} now${after.holder ? `, with ${after.holder.name}` : ''}${
        after.status_reason ? `: ${after.status_reason}` : ''
      }.`,
    );
  else if (before.holder?.id !== after.holder?.id)
    told.push(after.holder ? `${after.holder.name} has it now.` : 'Not in use now.');
  if (before.title !== after.title) told.push(`It is called “${after.title}” now.`);
  if (before.instructions !== after.instructions) told.push('The instructions are different.');
  if (JSON.stringify(before.fields) !== JSON.stringify(after.fields))
    told.push('The form asks something else.');
  if (before.due_at !== after.due_at) told.push('It is due at another time.');
  if (before.priority !== after.priority) told.push(`Its priority is ${after.priority} now.`);
  if (assigneeText(before) !== assigneeText(after)) told.push(`It is for ${assigneeText(after)} now.`);
  return told;
}

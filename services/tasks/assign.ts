import { type Assignee, taskErrors } from '@labwright/contract-hub/tasks';
import type { Principal } from '@labwright/kernel/identity';
import type { TasksDeps } from './deps.ts';
import type { TaskRow } from './task-row.ts';

type Columns = Pick<TaskRow, 'assignee_person' | 'assignee_name' | 'assignee_role'>;

const nobody: Columns = { assignee_person: null, assignee_name: null, assignee_role: null };

/** The columns of an assignee, with the name that the person has now. Throws `unknown_person`. */
export async function assign(
  deps: TasksDeps,
  assignee: Assignee | null | undefined,
  who: Principal,
): Promise<Columns> {
  if (!assignee) return nobody;
  if ('role' in assignee) return { ...nobody, assignee_role: assignee.role };
  const { person: id } = assignee;
  return { ...nobody, assignee_person: id, assignee_name: id === who.id ? who.name : await nameOf(deps, id) };
}

async function nameOf({ people }: TasksDeps, id: string): Promise<string> {
  if (!people) return id;
  const [person] = await people.find([id]);
  if (person && !person.locked) return person.name;
  throw taskErrors.problem(
    'unknown_person',
    person
      ? `The account of ${person.name} (${id}) is locked: assign the task to somebody else, or to a role.`
      : `Nobody has the id ${id}. Assign the task to a person of this laboratory, or to a role.`,
    { faults: [{ path: 'body.assignee.person', message: person ? 'is locked' : 'is nobody' }] },
  );
}

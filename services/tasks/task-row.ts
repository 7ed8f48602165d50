import { Field, FormValues, Task, TaskStatus, taskErrors } from '@labwright/contract-hub/tasks';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const Text = nullable(Type.String());

/** A row of `operator_tasks`: who it is for, who has it and who made it are columns, and objects on the wire. */
export const TaskRow = Type.Object({
  id: Type.String(),
  title: Type.String(),
  instructions: Type.String(),
  fields: Type.Array(Field),
  assignee_person: Text,
  assignee_name: Text,
  assignee_role: nullable(Type.Enum(roles)),
  priority: Task.properties.priority,
  due_at: Text,
  status: TaskStatus,
  status_reason: Text,
  holder_id: Text,
  holder_name: Text,
  values: nullable(FormValues),
  workflow_id: Text,
  device_id: Text,
  step: nullable(Type.Integer()),
  version: Type.Integer(),
  last_action_id: Text,
  overdue_told_at: Text,
  created_by_id: Type.String(),
  created_by_name: Type.String(),
  created_at: Type.String(),
  started_at: Text,
  finished_at: Text,
  updated_at: Type.String(),
});
export type TaskRow = Static<typeof TaskRow>;

/** Of a statement that names the table `t`. */
export const taskColumns = Object.keys(TaskRow.properties)
  .map((name) => `t."${name}"`)
  .join(', ');

/** The task as the world sees it. */
export function asTask(row: TaskRow): Task {
  const { id, title, instructions, fields, priority, due_at, status, status_reason, values } = row;
  const { workflow_id, device_id, step, version, created_at, started_at, finished_at, updated_at } = row;
  return {
    id,
    title,
    instructions,
    fields,
    assignee: assigneeOf(row),
    priority,
    due_at,
    status,
    status_reason,
    holder: who(row.holder_id, row.holder_name),
    values,
    workflow_id,
    device_id,
    step,
    version,
    created_by: { id: row.created_by_id, name: row.created_by_name },
    created_at,
    started_at,
    finished_at,
    updated_at,
  };
}

export function assigneeOf({
  assignee_person: person,
  assignee_name: name,
  assignee_role: role,
}: Pick<TaskRow, 'assignee_person' | 'assignee_name' | 'assignee_role'>): Task['assignee'] {
  if (person !== null) return { person, name: name ?? person };
  return role === null ? null : { role };
}

const who = (id: string | null, name: string | null) => (id === null ? null : { id, name: name ?? id });

const find = rows('tasks.find', TaskRow, `SELECT ${taskColumns} FROM operator_tasks t WHERE t.id = $1`);

/** A task that is locked, and the time of the database. */
export const LockedRow = Type.Object({ ...TaskRow.properties, now: Type.String() });
export type LockedRow = Static<typeof LockedRow>;

const lock = rows(
  'tasks.lock',
  LockedRow,
  `SELECT ${taskColumns}, clock_timestamp() AS now FROM operator_tasks t WHERE t.id = $1 FOR UPDATE`,
);

/** Throws `task_not_found`. */
export async function findTask(db: Queryable, id: string): Promise<TaskRow> {
  const found = isUuid(id) ? await db.first(find, [id]) : undefined;
  if (!found) throw taskNotFound(id);
  return found;
}

/** The task, locked until the transaction ends: whatever changes one begins here. Throws `task_not_found`. */
export async function lockTask(tx: Queryable, id: string): Promise<LockedRow> {
  const found = isUuid(id) ? await tx.first(lock, [id]) : undefined;
  if (!found) throw taskNotFound(id);
  return found;
}

const taskNotFound = (id: string) =>
  taskErrors.problem('task_not_found', `There is no task ${id}. \`GET /tasks\` lists them.`);

const isUuid = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

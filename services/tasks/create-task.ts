import { recordAudit } from '@labwright/audit';
import {
  type CreateTaskRequest,
  type Field,
  faultsOfFields,
  type Task,
  taskErrors,
} from '@labwright/contract-hub/tasks';
import { commonErrors } from '@labwright/kernel/errors';
import type { Principal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { assign } from './assign.ts';
import type { TasksDeps } from './deps.ts';
import { note } from './history.ts';
import { showChange } from './live-tasks.ts';
import { watchDueTime } from './overdue.ts';
import { assigneeOf, asTask, findTask, TaskRow, taskColumns } from './task-row.ts';
import { tell } from './tidings.ts';

const insert = rows(
  'tasks.insert',
  TaskRow,
  `INSERT INTO operator_tasks AS t (id, title, instructions, fields, assignee_person, assignee_name, assignee_role, priority,
     due_at, workflow_id, device_id, step, created_by_id, created_by_name)
   VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9::timestamptz, $10, $11, $12, $13, $14)
   ON CONFLICT (id) DO NOTHING
   RETURNING ${taskColumns}`,
);

export interface NewTask extends CreateTaskRequest {
  /** Of the request, or of the attempt at a step; asked again, the task that was made is answered. */
  id: string;
  /** Of the workflow that waits for it. */
  step?: number;
  who: Principal;
}

/** Makes a task. Throws `invalid_task`, `unknown_person`, `idempotency_key_reused`. */
export async function createTask(deps: TasksDeps, request: NewTask): Promise<Task> {
  const made = await insertTask(deps, request);
  if (made) return asTask(made);
  const before = await findTask(deps.db, request.id);
  if (before.title === request.title && before.created_by_id === request.who.id) return asTask(before);
  throw commonErrors.problem(
    'idempotency_key_reused',
    `This Idempotency-Key made task ${request.id}, which is another one. Use a new key.`,
  );
}

/** The new task; undefined where there is one with this id. Throws `invalid_task`, `unknown_person`. */
export async function insertTask(deps: TasksDeps, request: NewTask): Promise<TaskRow | undefined> {
  const { id, who, title, instructions = '', fields = [], priority = 'normal' } = request;
  checkFields(fields);
  const { assignee_person, assignee_name, assignee_role } = await assign(deps, request.assignee, who);
  const made = await deps.db.transaction(async (tx) => {
    const task = await tx.first(insert, [
      id,
      title,
      instructions,
      JSON.stringify(fields),
      assignee_person,
      assignee_name,
      assignee_role,
      priority,
      request.due_at ?? null,
      request.workflow_id ?? null,
      request.device_id ?? null,
      request.step ?? null,
      who.id,
      who.name,
    ]);
    if (!task) return undefined;
    await note(tx, task, who, { kind: 'created' });
    const { workflow_id, device_id, step } = task;
    await recordAudit(tx, {
      action: 'task.create',
      subject: `task:${id}`,
      actor: who,
      after: { title, fields, assignee: assigneeOf(task), workflow_id, device_id, step },
    });
    await watchDueTime(tx, task);
    const assigned = assignee_person !== null || assignee_role !== null;
    await tell(deps, tx, assigned ? 'task.assigned' : 'task.created', task, who.id);
    return task;
  });
  if (made) showChange(deps, made);
  return made;
}

/** Throws `invalid_task` with every fault. */
export function checkFields(fields: readonly Field[]): void {
  const faults = faultsOfFields(fields, 'body.fields');
  if (faults.length === 0) return;
  const detail = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw taskErrors.problem('invalid_task', detail, { faults });
}

import { recordAudit } from '@labwright/audit';
import type { Task } from '@labwright/contract-hub/tasks';
import type { Queryable } from '@labwright/kernel/db';
import type { Principal } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import { checkState, type TaskRequest } from './allowed.ts';
import type { TasksDeps } from './deps.ts';
import { checkGuard, type Guard } from './guard.ts';
import { type Note, note } from './history.ts';
import { showChange } from './live-tasks.ts';
import { watchDueTime } from './overdue.ts';
import { asTask, type LockedRow, lockTask, TaskRow, taskColumns } from './task-row.ts';
import { type Tidings, tell } from './tidings.ts';

const update = rows(
  'tasks.update',
  TaskRow,
  `UPDATE operator_tasks t
   SET title = $2, instructions = $3, fields = $4::jsonb, assignee_person = $5, assignee_name = $6, assignee_role = $7,
       priority = $8, due_at = $9::timestamptz, status = $10, status_reason = $11, holder_id = $12, holder_name = $13,
       "values" = $14::jsonb, started_at = $15::timestamptz, finished_at = $16::timestamptz,
       overdue_told_at = $17::timestamptz, last_action_id = $18,
       version = t.version + 1, updated_at = clock_timestamp()
   WHERE t.id = $1
   RETURNING ${taskColumns}`,
);

const insertOutcome = command(
  'tasks.outcomes.insert',
  'INSERT INTO task_outcomes (task_id, workflow_id, status) VALUES ($1, $2, $3)',
);

/** What becomes of a task. */
export interface Alteration {
  set: Partial<Omit<TaskRow, 'id' | 'version' | 'updated_at'>>;
  notes: readonly Note[];
  tidings?: Tidings | undefined;
}

export interface AlterRequest extends Guard {
  id: string;
  /** The id of the request: asked again with the same one, what it did is found done. */
  actionId: string;
  who: Principal;
}

/**
 * Changes a task: locks it, checks that the request's version is the one that is there and that its state allows it, lets `decide` say
 * what becomes of it, and writes that with its history, its overdue job, what people are told and what a step
 * waits for, in one transaction. `decide` answers undefined where all is as it should be already.
 * Throws `task_not_found`, `task_changed`, `version_conflict`, `wrong_task_state`, and what `decide` throws.
 */
export async function alter(
  deps: TasksDeps,
  asked: TaskRequest,
  request: AlterRequest,
  decide: (task: LockedRow) => Alteration | undefined,
): Promise<Task> {
  const { before, after } = await deps.db.transaction(async (tx) => {
    const before = await lockTask(tx, request.id);
    const done = { before, after: before as TaskRow };
    if (before.last_action_id === request.actionId) return done;
    checkGuard(before, request);
    if (asked !== 'claim') checkState(before, asked);
    const alteration = decide(before);
    return alteration ? { before, after: await write(deps, tx, asked, request, before, alteration) } : done;
  });
  if (after.step !== null && before.status !== after.status) deps.feed.announce();
  if (before.version !== after.version) showChange(deps, after);
  return asTask(after);
}

async function write(
  deps: TasksDeps,
  tx: Queryable,
  asked: TaskRequest,
  { who, actionId }: AlterRequest,
  before: LockedRow,
  { set, notes, tidings }: Alteration,
): Promise<TaskRow> {
  const newTime = 'due_at' in set || set.status === 'open';
  const next = { ...before, ...(newTime ? { overdue_told_at: null } : {}), ...set };
  const after = await tx.first(update, [
    next.id,
    next.title,
    next.instructions,
    JSON.stringify(next.fields),
    next.assignee_person,
    next.assignee_name,
    next.assignee_role,
    next.priority,
    next.due_at,
    next.status,
    next.status_reason,
    next.holder_id,
    next.holder_name,
    next.values && JSON.stringify(next.values),
    next.started_at,
    next.finished_at,
    next.overdue_told_at,
    actionId,
  ]);
  if (!after) throw new Error(`Task ${next.id} vanished under its lock`);
  for (const each of notes) await note(tx, after, who, each);
  await putOnRecord(tx, asked, who, before, after, notes.at(-1)?.text);
  if (newTime) await watchDueTime(tx, after);
  if (after.step !== null && before.status !== after.status && hasEnded(after))
    await tx.execute(insertOutcome, [after.id, after.workflow_id, after.status]);
  // Who had it in hand has to hear that it is needed no more, and is not in the row any longer.
  const holder_id = after.holder_id ?? before.holder_id;
  if (tidings) await tell(deps, tx, tidings, { ...after, holder_id }, who.id);
  return after;
}

/** Into the audit trail: what is different now. */
async function putOnRecord(
  tx: Queryable,
  asked: TaskRequest,
  actor: Principal,
  before: TaskRow,
  after: TaskRow,
  reason: string | null | undefined,
): Promise<void> {
  const names = (Object.keys(after) as (keyof TaskRow)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]) && !unrecorded.has(name),
  );
  const of = (row: TaskRow) => Object.fromEntries(names.map((name) => [name, row[name]]));
  await recordAudit(tx, {
    action: `task.${asked}`,
    subject: `task:${after.id}`,
    actor,
    reason,
    before: of(before),
    after: of(after),
  });
}

const unrecorded = new Set<keyof TaskRow>(['last_action_id', 'overdue_told_at', 'updated_at']);

const hasEnded = ({ status }: TaskRow) => status === 'completed' || status === 'cancelled';

import { HistoryEntry, taskErrors } from '@labwright/contract-hub/tasks';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import type { Principal } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { findTask } from './task-row.ts';

/** What is noted about a task, beside who and when. */
export interface Note {
  kind: HistoryEntry['kind'];
  text?: string | null | undefined;
  changes?: HistoryEntry['changes'];
  /** Of a comment: noted once for each. */
  actionId?: string;
}

const insert = command(
  'tasks.history.insert',
  `INSERT INTO task_history (task_id, kind, by_id, by_name, version, text, changes, action_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8) ON CONFLICT (action_id) DO NOTHING`,
);

/** Adds to the history of a task, in the transaction of what happened. */
export async function note(
  tx: Queryable,
  task: { id: string; version: number },
  by: Pick<Principal, 'id' | 'name'>,
  { kind, text = null, changes = null, actionId }: Note,
): Promise<void> {
  await tx.execute(insert, [
    task.id,
    kind,
    by.id,
    by.name,
    task.version,
    text,
    changes && JSON.stringify(changes),
    actionId ?? null,
  ]);
}

const Row = Type.Object({
  id: Type.String(),
  at: Type.String(),
  kind: HistoryEntry.properties.kind,
  by_id: Type.String(),
  by_name: Type.String(),
  version: Type.Integer(),
  text: nullable(Type.String()),
  changes: HistoryEntry.properties.changes,
});

// Index task_history_by_task.
const page = rows(
  'tasks.history.page',
  Row,
  `SELECT h.id, h.at, h.kind, h.by_id, h.by_name, h.version, h.text, h.changes FROM task_history h
   WHERE h.task_id = $1 AND h.id > $2::bigint ORDER BY h.id LIMIT $3`,
);

const asEntry = ({ by_id, by_name, ...entry }: Static<typeof Row>): HistoryEntry => ({
  ...entry,
  by: { id: by_id, name: by_name },
});

/** What happened to a task and what was said about it, oldest first. Throws `task_not_found`, `invalid_cursor`. */
export async function listHistory(
  db: Db,
  request: { id: string; limit: number; cursor?: string },
): Promise<{ history: HistoryEntry[]; next_cursor: string | null }> {
  const { id, limit, cursor = '0' } = request;
  if (!/^\d{1,18}$/.test(cursor))
    throw taskErrors.problem(
      'invalid_cursor',
      'The cursor is not one of this history. Pass `next_cursor` of an earlier answer unchanged.',
    );
  await findTask(db, id);
  const found = await db.query(page, [id, cursor, limit + 1]);
  const history = found.slice(0, limit).map(asEntry);
  return { history, next_cursor: found.length > limit ? (history.at(-1)?.id ?? null) : null };
}

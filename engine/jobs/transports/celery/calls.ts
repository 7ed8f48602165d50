import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { writeJson } from './json.ts';
import type { ResultMessage } from './result.ts';

const Call = Type.Object({
  task_id: Type.String(),
  attempt: Type.Integer(),
  status: nullable(Type.String()),
  result: Type.Unknown(),
  traceback: nullable(Type.String()),
  /** Milliseconds until the deadline, by the clock of the database. */
  left_ms: Type.Number(),
  job_priority: Type.Integer(),
});
/** A call of a Celery worker by one of our jobs. */
export type Call = Static<typeof Call>;
const columns = `c.task_id, c.attempt, c.status, c.result, c.traceback, j.priority AS job_priority,
  extract(epoch FROM c.deadline - clock_timestamp())::float8 * 1000 AS left_ms`;

// Walks celery_calls_open.
const findOpen = rows(
  'celery.calls.open',
  Call,
  `SELECT ${columns} FROM celery_calls c JOIN jobs j ON j.id = c.job_id WHERE c.job_id = $1 AND c.closed_at IS NULL`,
);

// Only for a job that runs, in this attempt, and has no open call.
const make = rows(
  'celery.calls.make',
  Call,
  `WITH c AS (
     INSERT INTO celery_calls (task_id, job_id, attempt, celery_task, queue, deadline)
     SELECT $1, id, attempts, $4, $5, clock_timestamp() + make_interval(secs => coalesce(timeout_ms, $6::integer)::float8 / 1000)
     FROM jobs WHERE id = $2 AND state::text = 'running' AND attempts = $3
     ON CONFLICT (job_id) WHERE closed_at IS NULL DO NOTHING
     RETURNING *)
   SELECT ${columns} FROM c JOIN jobs j ON j.id = c.job_id`,
);

const find = rows(
  'celery.calls.find',
  Call,
  `SELECT ${columns} FROM celery_calls c JOIN jobs j ON j.id = c.job_id WHERE c.task_id = $1`,
);

const sent = command(
  'celery.calls.sent',
  'UPDATE celery_calls SET sent_at = clock_timestamp() WHERE task_id = $1',
);
const withdraw = command(
  'celery.calls.withdraw',
  'DELETE FROM celery_calls WHERE task_id = $1 AND sent_at IS NULL AND status IS NULL',
);

// Only by the attempt that has the job: one that was replaced leaves the call to its successor.
const close = command(
  'celery.calls.close',
  `UPDATE celery_calls SET closed_at = clock_timestamp() WHERE task_id = $1 AND closed_at IS NULL
   AND EXISTS (SELECT FROM jobs WHERE id = job_id AND state::text = 'running' AND attempts = $2)`,
);

// The first answer counts. $5: somebody else may wait for it.
const answer = rows(
  'celery.calls.answer',
  Type.Object({ job_id: Type.String(), late: Type.Boolean(), told: Type.String() }),
  `WITH kept AS (
     UPDATE celery_calls SET answered_at = clock_timestamp(), status = $2, result = $3::jsonb, traceback = $4
     WHERE task_id = $1 AND status IS NULL RETURNING job_id, closed_at IS NOT NULL AS late)
   SELECT job_id, late, (SELECT count(pg_notify('labwright_celery_calls', $1)) WHERE $5::boolean)::text AS told FROM kept`,
);

export const findOpenCall = (db: Db, job: string): Promise<Call | undefined> => db.first(findOpen, [job]);
export const findCall = (db: Db, taskId: string): Promise<Call | undefined> => db.first(find, [taskId]);

/** Undefined where the job is in other hands, or has an open call. */
export const makeCall = (
  db: Db,
  call: {
    taskId: string;
    job: string;
    attempt: number;
    task: string;
    queue: string;
    /** Milliseconds until it is given up, where the job has no time of its own. */
    timeoutMs: number;
  },
): Promise<Call | undefined> =>
  db.first(make, [call.taskId, call.job, call.attempt, call.task, call.queue, call.timeoutMs]);

export const noteSent = async (db: Db, taskId: string): Promise<void> => {
  await db.execute(sent, [taskId]);
};

/** Takes back a call of which the broker certainly has no message. */
export const withdrawCall = async (db: Db, taskId: string): Promise<void> => {
  await db.execute(withdraw, [taskId]);
};

/** Its answer is used, or it is given up. */
export const closeCall = async (db: Db, taskId: string, attempt: number): Promise<void> => {
  await db.execute(close, [taskId, attempt]);
};

const longestTraceback = 20_000;

/** Undefined where there is no such call, or it has its answer. */
export async function storeAnswer(
  db: Db,
  { taskId, status, result, traceback }: ResultMessage,
  tellOthers: boolean,
): Promise<{ late: boolean; job: string } | undefined> {
  const text = traceback?.replaceAll('\0', '').toWellFormed().slice(-longestTraceback) ?? null;
  const kept = await db.first(answer, [taskId, status, writeJson(result), text, tellOthers]);
  return kept && { late: kept.late, job: kept.job_id };
}

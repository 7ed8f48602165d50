import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { ClaimedJob, JobError } from '../job.ts';
import { jsonArray, storableJson } from '../json.ts';

/*
 * How an attempt ends. Each statement names the worker: one that was declared dead finds no row.
 */

const Ended = Type.Object({ id: Type.String() });

/**
 * Success of the jobs $1 of worker $3, with the results $2 in the same order; null where none has one. By id, and never by
 * jobs_of_worker (`+ 0`, `::text`), which holds every job that this worker ever had until a vacuum.
 */
export const succeedSql = `UPDATE jobs SET state = 'succeeded', worker = NULL, finished_at = now(), progress = 1,
     result = CASE WHEN $2::jsonb[] IS NOT NULL THEN ($2::jsonb[])[array_position($1::bigint[], id)] END
   WHERE id = ANY ($1::bigint[]) AND worker + 0 = $3`;

const succeed = command('jobs.succeed', succeedSql);

const EndedOrNext = Type.Object({
  id: Type.String(),
  next: Type.Boolean(),
  task: nullable(Type.String()),
  args: Type.Unknown(),
  key: nullable(Type.String()),
  priority: nullable(Type.Integer()),
  attempts: nullable(Type.Integer()),
  max_attempts: nullable(Type.Integer()),
  timeout_ms: nullable(Type.Integer()),
  trace: nullable(Type.String()),
  flow: nullable(Type.String()),
  expired: nullable(Type.Boolean()),
});

// The next of each key becomes ready in the same transaction, or is this worker's at once.
const succeedKeyed = rows(
  'jobs.succeed_keyed',
  EndedOrNext,
  'SELECT id, next, task, args, key, priority, attempts, max_attempts, timeout_ms, trace, flow, expired FROM succeed_keyed_jobs($1, $2, $3, $4)',
);

// Nothing is handed on: who has the next job of the key is woken.
const succeedOne = rows(
  'jobs.succeed_one',
  Ended,
  `SELECT id FROM succeed_keyed_jobs(ARRAY[$1::bigint], ARRAY[$2::jsonb], $3, '{}')`,
);

const end = rows(
  'jobs.end_attempt',
  Ended,
  'SELECT id FROM end_job_attempt($1, $2, $3, $4::job_state, $5::jsonb, $6)',
);

const tellProgress = command(
  'jobs.progress',
  `UPDATE jobs SET progress = $3, progress_text = $4 WHERE id = $1 AND worker + 0 = $2 AND state::text = 'running'`,
);

export interface Success {
  id: string;
  keyed: boolean;
  /** As JSON that can be stored. */
  result: string | null;
}

/**
 * Records what succeeded. Answers the jobs that follow on the same keys and are this worker's by that; only such of
 * `queues`.
 */
export async function recordSuccesses(
  db: Db,
  worker: string,
  successes: readonly Success[],
  queues: readonly string[],
): Promise<ClaimedJob[]> {
  const plain = successes.filter((one) => !one.keyed);
  const keyed = successes.filter((one) => one.keyed);
  const [, followers] = await Promise.all([
    plain.length > 0 ? db.execute(succeed, [...idsAndResults(plain), worker]) : 0,
    keyed.length > 0 ? db.query(succeedKeyed, [...idsAndResults(keyed), worker, queues]) : [],
  ]);
  return followers.flatMap(({ next, task, priority, attempts, max_attempts, expired, ...job }) =>
    next && task !== null && priority !== null && attempts !== null && max_attempts !== null
      ? [{ ...job, task, priority, attempts, max_attempts, expired: expired === true }]
      : [],
  );
}

/** Records one success within a transaction; false where the job was not this worker's any more. */
export async function recordSuccessIn(
  tx: Queryable,
  worker: string,
  id: string,
  result: unknown,
): Promise<boolean> {
  const ended = await tx.query(succeedOne, [id, storableJson(result, 'The result'), worker]);
  return ended.length === 1;
}

/** Their ids, and their results as JSON in the same order, as arrays of PostgreSQL; null where none of them has a result. */
export const idsAndResults = (successes: readonly Success[]): [string, string | null] => [
  `{${successes.map(({ id }) => id).join(',')}}`,
  successes.some(({ result }) => result !== null) ? jsonArray(successes.map(({ result }) => result)) : null,
];

/** Records an attempt that did not succeed. False where the job was not this worker's any more. */
export async function recordFailure(
  db: Db,
  worker: string,
  failure: {
    id: string;
    attempt: number;
    state: 'retrying' | 'failed' | 'dead' | 'cancelled';
    error: JobError;
    retryAt: Date | null;
  },
): Promise<boolean> {
  const { id, attempt, state, error, retryAt } = failure;
  const ended = await db.query(end, [id, attempt, worker, state, JSON.stringify(error), retryAt]);
  return ended.length === 1;
}

export async function recordProgress(
  db: Db,
  worker: string,
  id: string,
  progress: number,
  text: string | null,
): Promise<void> {
  await db.execute(tellProgress, [id, worker, progress, text]);
}

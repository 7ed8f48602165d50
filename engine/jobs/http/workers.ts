import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { jobErrors } from './errors.ts';
import type { KeyPage, WorkerPage } from './schemas.ts';

const Worker = Type.Object({
  id: Type.String(),
  name: Type.String(),
  queues: Type.Array(Type.String()),
  started_at: Type.String(),
  alive_until: Type.String(),
  connected: nullable(Type.Boolean()),
  running: Type.Integer(),
});
// job_workers_pkey; what each has in hand by jobs_of_worker, up to a limit.
const workersAfter = rows(
  'jobs.http.workers',
  Worker,
  `WITH seen AS MATERIALIZED (
     SELECT array_agg(p.objid::bigint) AS ids FROM pg_locks p WHERE p.locktype = 'advisory' AND p.classid = 5004 AND p.objsubid = 2
       AND p.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
   SELECT w.id, w.name, w.queues, w.started_at, w.alive_until, w.presence::bigint = ANY (seen.ids) AS connected,
     (SELECT count(*)::int FROM (SELECT FROM jobs j WHERE j.worker = w.id AND j.state = 'running' LIMIT 1000) AS few) AS running
   FROM (SELECT * FROM job_workers WHERE id > $1 ORDER BY id LIMIT 101) AS w CROSS JOIN seen ORDER BY w.id`,
);

const InHand = Type.Object({
  worker: Type.String(),
  id: Type.String(),
  queue: Type.String(),
  task: Type.String(),
  key: nullable(Type.String()),
  attempts: Type.Integer(),
  started_at: nullable(Type.String()),
  progress: nullable(Type.Number()),
  progress_text: nullable(Type.String()),
  cancel_asked: Type.Boolean(),
});
// jobs_of_worker, any twenty of each: asked for in the order of the index, all would be read and sorted where few are expected.
const inHand = rows(
  'jobs.http.in_hand',
  InHand,
  `SELECT few.* FROM unnest($1::bigint[]) AS w (id) CROSS JOIN LATERAL (
     SELECT j.worker, j.id, j.queue, j.task, j.key, j.attempts, j.started_at, j.progress, j.progress_text, j.cancel_asked
     FROM jobs j WHERE j.worker = w.id AND j.state = 'running' LIMIT 20) AS few ORDER BY few.worker, few.id`,
);

/** Who is on record as a worker, and what each has in hand. */
export async function describeWorkers(
  db: Queryable,
  page: { limit: number; cursor?: string | undefined },
): Promise<Static<typeof WorkerPage>> {
  const after = page.cursor === undefined ? '0' : /^w(\d{1,18})$/.exec(page.cursor)?.[1];
  if (after === undefined) throw wrongCursor();
  const found = await db.query(workersAfter, [after]);
  const own = found.slice(0, page.limit);
  const jobs = own.length === 0 ? [] : await db.query(inHand, [own.map(({ id }) => id)]);
  return {
    workers: own.map((worker) => ({ ...worker, jobs: jobs.filter((job) => job.worker === worker.id) })),
    next_cursor: found.length > own.length ? `w${own.at(-1)?.id}` : null,
  };
}

const KeyHolder = Type.Object({
  key: Type.String(),
  job: Type.String(),
  state: Type.Enum(['ready', 'sent', 'running', 'retrying']),
  queue: Type.String(),
  task: Type.String(),
  worker: nullable(Type.String()),
  started_at: nullable(Type.String()),
  waiting: Type.Integer(),
});
// jobs_one_a_key in its order; the line of each by jobs_waiting, up to a limit.
const keysAfter = rows(
  'jobs.http.keys',
  KeyHolder,
  `SELECT h.key, h.id AS job, h.state, coalesce(l.queue, h.queue) AS queue, h.task, h.worker, h.started_at,
     (SELECT count(*)::int FROM (SELECT FROM jobs w WHERE w.state = 'waiting' AND w.seen IN (true, false) AND w.key = h.key LIMIT 1000) AS line) AS waiting
   FROM (SELECT j.key, j.id, j.state, j.queue, j.task, j.worker, j.started_at FROM jobs j
         WHERE j.key > $1 AND j.key IS NOT NULL AND j.state IN ('ready', 'sent', 'running', 'retrying') ORDER BY j.key LIMIT 101) AS h
   LEFT JOIN job_lanes l ON l.name = h.queue ORDER BY h.key`,
);

/** The keys that a job has, and how many jobs wait for each. */
export async function describeKeys(
  db: Queryable,
  page: { limit: number; cursor?: string | undefined },
): Promise<Static<typeof KeyPage>> {
  const found = await db.query(keysAfter, [textOf(page.cursor)]);
  const own = found.slice(0, page.limit);
  return {
    keys: own.map(({ key, waiting, ...holder }) => ({ key, holder, waiting })),
    next_cursor: found.length > own.length ? cursorOf(own.at(-1)?.key) : null,
  };
}

/** A key may hold anything: a cursor is its text in base64url. */
export const cursorOf = (key: string | undefined): string | null =>
  key === undefined ? null : `k${Buffer.from(key).toString('base64url')}`;

/** Throws `invalid_cursor`. */
export function textOf(cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const text = cursor.startsWith('k') ? Buffer.from(cursor.slice(1), 'base64url').toString() : undefined;
  if (text !== undefined && cursorOf(text) === cursor && !text.includes('\0')) return text;
  throw wrongCursor();
}

const wrongCursor = () =>
  jobErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  );

import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { JobState } from '../job.ts';
import { jobErrors } from './errors.ts';
import { JobSummary } from './schemas.ts';

/*
 * Jobs by filters, newest first, at a cost that does not grow with the table, and without an index of its own, which each insert would pay for.
 *
 *   only states that few jobs are in: all that are in them, by the index of each, up to 10,000 of a state
 *   one key:                          those that wait for it, and who has it, by its indexes, where no other state is asked for
 *   else:                             a walk from the newest back along the primary key, at most 20,000 jobs a page
 */

export interface JobFilter {
  states?: readonly JobState[];
  queue?: string | undefined;
  task?: string | undefined;
  key?: string | undefined;
  /** The name of its error. */
  error?: string | undefined;
  flow?: string | undefined;
  /** ISO 8601: asked for at this time or later, and before. */
  from?: string | undefined;
  to?: string | undefined;
}

const Found = Type.Object({
  found: Type.Array(Type.String()),
  walked: Type.Integer(),
  end: nullable(Type.String()),
  looked_back_to: nullable(Type.String()),
  /** There are more of a state than are looked at in this way. */
  full: Type.Boolean(),
});

const columns = 'id, state, queue, task, key, flow, created_at, error';
/** The queue of a job that stands aside for a limit is its lane. */
const fits = `($3::text[] IS NULL OR w.state::text = ANY ($3))
  AND ($4::text IS NULL OR w.queue = $4 OR w.queue IN (SELECT l.name FROM job_lanes l WHERE l.queue = $4))
  AND ($5::text IS NULL OR w.task = $5) AND ($6::text IS NULL OR w.key = $6) AND ($7::text IS NULL OR w.error ->> 'name' = $7)
  AND ($8::bigint IS NULL OR w.flow = $8)
  AND ($9::timestamptz IS NULL OR w.created_at >= $9) AND ($10::timestamptz IS NULL OR w.created_at < $10)`;
const chosen =
  'coalesce((SELECT array_agg(f.id::text ORDER BY f.id DESC) FROM (SELECT w.id FROM walked w WHERE w.id < $1 AND';
const few = `${fits} ORDER BY w.id DESC LIMIT $11) AS f), '{}') AS found`;

/** Jobs of a page that are looked at along the primary key: at first, and where filters left too few of those. */
const steps = [500, 20_000] as const;

const walk = (most: number) =>
  rows(
    `jobs.http.walk_${most}`,
    Found,
    // jobs_pkey, backwards.
    `WITH walked AS MATERIALIZED (SELECT ${columns} FROM jobs WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT ${most})
     SELECT ${chosen} ${few},
       (SELECT count(*)::int FROM walked) AS walked, (SELECT min(id)::text FROM walked) AS end,
       (SELECT created_at FROM walked ORDER BY id LIMIT 1) AS looked_back_to, false AS full`,
  );
const walks = steps.map((most) => ({ most, statement: walk(most) }));

/** Jobs of one state that are looked at where it has an index of its own. */
const mostOfState = 10_000;
const orders = {
  scheduled: 'run_at, id',
  retrying: 'run_at, id',
  sent: 'run_at, id',
  failed: 'run_at, id',
  dead: 'run_at, id',
  running: 'worker, cancel_asked, id',
  waiting: 'seen, key, priority, id',
  ready: 'queue, priority, id',
} as const;
const indexed = (state: JobState): state is keyof typeof orders => Object.hasOwn(orders, state);

// jobs_parked, jobs_of_worker, jobs_waiting, jobs_ready: of the states that are asked for, each in the order of its index.
const ofStates = rows(
  'jobs.http.of_states',
  Found,
  `WITH walked AS MATERIALIZED (
     ${Object.entries(orders)
       .map(
         ([state, order]) =>
           `(SELECT ${columns} FROM jobs WHERE state = '${state}' AND '${state}' = ANY ($3::text[]) ORDER BY ${order} LIMIT ${mostOfState + 1})`,
       )
       .join(' UNION ALL ')})
   SELECT ${chosen} w.id >= $2 AND ${few},
     (SELECT count(*)::int FROM walked) AS walked, NULL::text AS end, NULL::timestamptz AS looked_back_to,
     coalesce((SELECT bool_or(n > ${mostOfState}) FROM (SELECT count(*) AS n FROM walked GROUP BY state) AS counts), false) AS full`,
);

// jobs_one_a_key, and jobs_waiting twice.
const ofKey = rows(
  'jobs.http.of_key',
  Found,
  `WITH walked AS MATERIALIZED (
     (SELECT ${columns} FROM jobs WHERE key = $6 AND state IN ('ready', 'sent', 'running', 'retrying'))
     UNION ALL (SELECT ${columns} FROM jobs WHERE state = 'waiting' AND seen AND key = $6 ORDER BY priority, id LIMIT ${mostOfState + 1})
     UNION ALL (SELECT ${columns} FROM jobs WHERE state = 'waiting' AND NOT seen AND key = $6 ORDER BY priority, id LIMIT ${mostOfState + 1}))
   SELECT ${chosen} w.id >= $2 AND ${few},
     (SELECT count(*)::int FROM walked) AS walked, NULL::text AS end, NULL::timestamptz AS looked_back_to,
     (SELECT count(*) > ${mostOfState} FROM walked) AS full`,
);

// One look at jobs_pkey for each halving.
const since = rows(
  'jobs.http.first_since',
  Type.Object({ id: Type.String() }),
  'SELECT first_job_since($1) AS id',
);

const summary = `j.id, coalesce(l.queue, j.queue) AS queue, j.task, j.state, j.priority, j.attempts, j.max_attempts, j.key, j.cancel_asked,
  j.created_at, j.run_at, j.started_at, j.finished_at, j.progress, j.progress_text,
  left(j.error ->> 'name', 200) AS error_name, left(j.error ->> 'message', 500) AS error_message, j.flow, j.worker`;
const summaries = rows(
  'jobs.http.summaries',
  JobSummary,
  `SELECT ${summary} FROM jobs j LEFT JOIN job_lanes l ON l.name = j.queue WHERE j.id = ANY ($1::bigint[]) ORDER BY j.id DESC`,
);

const highest = String(2n ** 63n - 1n);
/** Transactions that were open for long have jobs that look older than those before them. */
const openForMs = 60_000;
const open = ['ready', 'sent', 'running', 'retrying', 'waiting'];

export interface FoundJobs {
  ids: string[];
  next_cursor: string | null;
  looked_back_to: string | null;
}

/** The ids of a page, newest first. It may hold fewer than `limit`; `next_cursor` tells whether more may follow. Throws `invalid_cursor`. */
export async function findJobs(
  db: Queryable,
  filter: JobFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<FoundJobs> {
  const { states = null, queue = null, task = null, key = null, error = null, flow = null } = filter;
  const { from = null, to = null } = filter;
  const below = page.cursor === undefined ? highest : idOf(page.cursor);
  const [lowest, past] = await Promise.all([idSince(db, from, -openForMs), idSince(db, to, openForMs)]);
  const top = past !== null && BigInt(past) < BigInt(below) ? past : below;
  const values = [lowest ?? '0', states, queue, task, key, error, flow, from, to, page.limit + 1];

  const narrow =
    key !== null && states?.every((state) => open.includes(state))
      ? ofKey
      : states?.every(indexed)
        ? ofStates
        : undefined;
  if (narrow) {
    const of = await db.first(narrow, [top, ...values]);
    if (of && !of.full) return answer(of, page.limit, null);
  }
  let found: string[] = [];
  let at = top;
  for (const { most, statement } of walks) {
    const step = await db.first(statement, [at, ...values.slice(0, -1), page.limit + 1 - found.length]);
    if (!step) break;
    found = [...found, ...step.found];
    const ended = step.walked < most;
    const wide = most === steps.at(-1);
    if (found.length > page.limit || ended || wide)
      return answer({ ...step, found }, page.limit, ended ? null : step.end);
    at = step.end ?? at;
  }
  return { ids: found, next_cursor: null, looked_back_to: null };
}

function answer(step: Static<typeof Found>, limit: number, end: string | null): FoundJobs {
  const ids = step.found.slice(0, limit);
  const next = step.found.length > limit ? ids.at(-1) : end;
  return { ids, next_cursor: next ? `j${next}` : null, looked_back_to: step.looked_back_to };
}

export const summariesOf = async (db: Queryable, ids: readonly string[]): Promise<JobSummary[]> =>
  ids.length === 0 ? [] : db.query(summaries, [ids]);

async function idSince(db: Queryable, time: string | null, marginMs: number): Promise<string | null> {
  if (time === null) return null;
  const found = await db.first(since, [new Date(Date.parse(time) + marginMs)]);
  return found?.id ?? null;
}

function idOf(cursor: string): string {
  const id = /^j(\d{1,18})$/.exec(cursor)?.[1];
  if (id !== undefined) return id;
  throw jobErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the newest job.',
  );
}

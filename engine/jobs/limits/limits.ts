import type { Db, Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { Task } from '../task.ts';

/** How many jobs may start in a time. A job that is tried again starts again. */
export interface Rate {
  /** Starts in each `perMs`, a whole number. */
  limit: number;
  perMs: number;
  /** At once after a pause; in any time `t` there are at most `burst + limit × t / perMs` starts. Default: what 100 ms bring, at least 1. */
  burst?: number;
}

export class InvalidRate extends Error {
  override readonly name = 'InvalidRate';
}

const Limit = Type.Object({
  scope: Type.Enum(['queue', 'task']),
  name: Type.String(),
  starts: Type.Integer(),
  per_ms: Type.String(),
  burst: Type.Integer(),
});
export type Limit = Static<typeof Limit>;

/** Heard by every worker. */
export const limitsChannel = 'labwright_job_limits';

// A debt of the old rate is never more than an empty bucket of the new one.
const put = command(
  'jobs.limits.put',
  `WITH stored AS (
     INSERT INTO job_limits AS l (scope, name, starts, per_ms, burst) VALUES ($1, $2, $3, $4::bigint, $5)
     ON CONFLICT (scope, name) DO UPDATE SET starts = excluded.starts, per_ms = excluded.per_ms, burst = excluded.burst,
       full_at = least(l.full_at, now_us() + job_tokens_us(excluded, excluded.burst))
     WHERE (l.starts, l.per_ms, l.burst) <> (excluded.starts, excluded.per_ms, excluded.burst)
     RETURNING name)
   SELECT pg_notify('${limitsChannel}', name) FROM stored`,
);

const take = command(
  'jobs.limits.take',
  `WITH gone AS (DELETE FROM job_limits WHERE scope = $1 AND name = $2 RETURNING name)
   SELECT pg_notify('${limitsChannel}', name) FROM gone`,
);

// Walks jobs_ready for each lane of the task.
const bringBack = rows(
  'jobs.limits.bring_back',
  Type.Object({ queue: Type.String() }),
  `UPDATE jobs j SET queue = l.queue FROM job_lanes l
   WHERE l.task = $1 AND j.queue = l.name AND j.id = ANY (ARRAY (
     SELECT o.id FROM job_lanes s CROSS JOIN LATERAL (
       SELECT r.id FROM jobs r WHERE r.queue = s.name AND r.state = 'ready' ORDER BY r.priority, r.id LIMIT 500 FOR UPDATE SKIP LOCKED) AS o
     WHERE s.task = $1))
   RETURNING j.queue`,
);

// A lane that still has jobs (somebody had them in hand) is served without a limit.
const dropLanes = command(
  'jobs.limits.drop_lanes',
  `DELETE FROM job_lanes l WHERE l.task = $1 AND NOT EXISTS (SELECT FROM job_limits WHERE scope = 'task' AND name = $1)
   AND NOT EXISTS (SELECT FROM jobs j WHERE j.queue = l.name AND j.state = 'ready')`,
);

const wake = command('jobs.limits.wake', 'SELECT wake_job_workers($1::text[])');

const list = rows(
  'jobs.limits.list',
  Limit,
  'SELECT scope, name, starts, per_ms, burst FROM job_limits ORDER BY scope, name',
);

function checked({ limit, perMs, burst }: Rate): [number, number, number] {
  const held = burst ?? Math.max(1, Math.ceil((limit * 100) / perMs));
  for (const [name, value, most] of [
    ['limit', limit, 1_000_000],
    ['perMs', perMs, 366 * 24 * 3_600_000],
    ['burst', held, 1_000_000],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new InvalidRate(`${name} of a rate is a whole number from 1 to ${most}.`);
  return [limit, perMs, held];
}

/**
 * So many jobs of a queue start in a time, over all workers of all processes. Holds within a second, for a worker that does not
 * hear of it at once. Throws `InvalidRate`.
 */
export async function limitQueue(db: Queryable, queue: string, rate: Rate): Promise<void> {
  await db.execute(put, ['queue', queue, ...checked(rate)]);
}

/** The same for the jobs of a task, in whichever queue they are. Others of those queues do not wait for them. */
export async function limitTask(db: Queryable, task: string, rate: Rate): Promise<void> {
  await db.execute(put, ['task', task, ...checked(rate)]);
}

export async function unlimitQueue(db: Queryable, queue: string): Promise<void> {
  await db.execute(take, ['queue', queue]);
}

export async function unlimitTask(db: Db, task: string): Promise<void> {
  await db.execute(take, ['task', task]);
  for (;;) {
    const back = await db.query(bringBack, [task]);
    if (back.length === 0) break;
    await db.execute(wake, [[...new Set(back.map(({ queue }) => queue))]]);
  }
  await db.execute(dropLanes, [task]);
}

export const listLimits = (db: Queryable): Promise<Limit[]> => db.query(list);

/** The rates that tasks declare for themselves: every worker puts those of its handlers at its start. */
export async function limitTasks(db: Queryable, tasks: readonly Task[]): Promise<void> {
  for (const { name, settings } of tasks) if (settings.rate) await limitTask(db, name, settings.rate);
}

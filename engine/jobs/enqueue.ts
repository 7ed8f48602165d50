import { contextHeaders } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import Value from 'typebox/value';
import type { Task } from './task.ts';

export interface EnqueueOptions {
  queue?: string;
  /** Lower goes first; −100 to 100, default 0. */
  priority?: number;
  /** Not before. */
  runAt?: Date;
  /** Of all jobs with this key one runs at a time, in the order of priority and arrival. */
  key?: string;
  /** While a job with this key is not finished, asking for it again answers that one. */
  uniqueKey?: string;
  maxAttempts?: number;
  timeoutMs?: number;
  /** Cancelled where it has not begun by then. */
  expiresAt?: Date;
}

export interface Enqueued {
  id: string;
  /** False where a job with the same `uniqueKey` was there. */
  fresh: boolean;
}

export class InvalidArgs extends Error {
  override readonly name = 'InvalidArgs';
}

const columns =
  'queue, task, args, state, priority, max_attempts, timeout_ms, key, unique_key, run_at, expires_at, trace';

const one = rows(
  'jobs.enqueue',
  Type.Object({ id: Type.String(), queue: Type.String() }),
  `WITH job AS (
     INSERT INTO jobs (${columns})
     VALUES ($1, $2, $3::jsonb,
             (CASE WHEN $9::timestamptz > now() THEN 'scheduled' WHEN $7::text IS NOT NULL THEN 'waiting' ELSE 'ready' END)::job_state,
             $4, $5, $6, $7, $8, $9::timestamptz, $10::timestamptz, $11)
     ON CONFLICT (unique_key)
       WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying') DO NOTHING
     RETURNING id, queue
   ), woken AS MATERIALIZED (
     SELECT count(pg_notify('labwright_jobs', name)) AS sent FROM job_queues WHERE name = $1 AND wanted
   )
   SELECT job.id, job.queue FROM job, woken`,
);

const existing = rows(
  'jobs.find_unique',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs
   WHERE unique_key = $1 AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying')`,
);

const many = rows(
  'jobs.enqueue_many',
  Type.Object({ first: nullable(Type.String()), last: nullable(Type.String()), count: Type.Integer() }),
  `WITH made AS (
     INSERT INTO jobs (${columns})
     SELECT $1, $2, args,
            (CASE WHEN $8::timestamptz > now() THEN 'scheduled' WHEN key IS NOT NULL THEN 'waiting' ELSE 'ready' END)::job_state,
            $5, $6, $7, key, NULL, $8::timestamptz, $9::timestamptz, $10
     FROM unnest($3::jsonb[], $4::text[]) AS given (args, key)
     RETURNING id
   ), woken AS MATERIALIZED (
     SELECT count(pg_notify('labwright_jobs', name)) AS sent FROM job_queues WHERE name = $1 AND wanted
   )
   SELECT min(id) AS first, max(id) AS last, count(*)::int AS count FROM made, woken`,
);

/**
 * Asks for one job, in the caller's transaction where `tx` is one: the job is there if and when that commits.
 * Throws `InvalidArgs`, which names each fault.
 */
export async function enqueue<A>(
  tx: Queryable,
  task: Task<A>,
  args: A,
  options: EnqueueOptions = {},
): Promise<Enqueued> {
  checkArgs(task, args);
  const { settings } = task;
  const values = [
    options.queue ?? settings.queue,
    task.name,
    JSON.stringify(args),
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.key ?? null,
    options.uniqueKey ?? null,
    options.runAt ?? null,
    options.expiresAt ?? null,
    contextHeaders().traceparent ?? null,
  ];
  for (;;) {
    const made = await tx.first(one, values);
    if (made) return { id: made.id, fresh: true };
    const known = await tx.first(existing, [options.uniqueKey]);
    if (known) return { id: known.id, fresh: false };
    // It has ended between the two looks.
  }
}

/** Asks for many jobs of one task in one statement; answers how many. Each may have a key of its own. */
export async function enqueueMany<A>(
  tx: Queryable,
  task: Task<A>,
  jobs: readonly { args: A; key?: string }[],
  options: Omit<EnqueueOptions, 'key' | 'uniqueKey'> = {},
): Promise<{ count: number }> {
  for (const { args } of jobs) checkArgs(task, args);
  const { settings } = task;
  const made = await tx.first(many, [
    options.queue ?? settings.queue,
    task.name,
    jobs.map(({ args }) => JSON.stringify(args)),
    jobs.map(({ key }) => key ?? null),
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.runAt ?? null,
    options.expiresAt ?? null,
    contextHeaders().traceparent ?? null,
  ]);
  return { count: made?.count ?? 0 };
}

function checkArgs(task: Task, args: unknown): void {
  if (Value.Check(task.args, args)) return;
  const faults = Value.Errors(task.args, args).map(
    ({ instancePath, message }) => `args${instancePath.replaceAll('/', '.')} ${message}`,
  );
  throw new InvalidArgs(`A job of ${task.name} cannot be made: ${faults.join('; ')}`);
}

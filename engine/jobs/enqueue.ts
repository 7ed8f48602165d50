import { contextHeaders } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
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

/** Wakes a worker that sleeps at queue $1: a look at one row, and a notification only where somebody sleeps. */
const wake = `(SELECT count(pg_notify('labwright_jobs', name)) FROM job_queues WHERE name = $1 AND wanted)`;
const columns = 'queue, task, args, state, priority, max_attempts, timeout_ms, key, expires_at, trace';

const one = rows(
  'jobs.enqueue',
  Type.Object({ id: Type.String(), woken: Type.String() }),
  `INSERT INTO jobs (${columns}) VALUES ($1, $2, $3::jsonb, $4::job_state, $5, $6, $7, $8, $9::timestamptz, $10)
   RETURNING id, ${wake} AS woken`,
);

/** With a time or a unique key. */
const special = rows(
  'jobs.enqueue_special',
  Type.Object({ id: Type.String(), woken: Type.String() }),
  `INSERT INTO jobs (${columns}, run_at, unique_key)
   VALUES ($1, $2, $3::jsonb, (CASE WHEN $11::timestamptz > now() THEN 'scheduled' ELSE $4 END)::job_state,
           $5, $6, $7, $8, $9::timestamptz, $10, $11::timestamptz, $12)
   ON CONFLICT (unique_key)
     WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying') DO NOTHING
   RETURNING id, ${wake} AS woken`,
);

const existing = rows(
  'jobs.find_unique',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs
   WHERE unique_key = $1 AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying')`,
);

const many = command(
  'jobs.enqueue_many',
  `INSERT INTO jobs (${columns})
   SELECT $1, $2, args, $4::job_state, $5, $6, $7, NULL, $8::timestamptz, $9 FROM unnest($3::jsonb[]) AS args`,
);

const manyKeyed = command(
  'jobs.enqueue_many_keyed',
  `INSERT INTO jobs (${columns})
   SELECT $1, $2, args, (CASE WHEN key IS NULL THEN $4 ELSE 'waiting' END)::job_state, $5, $6, $7, key, $8::timestamptz, $9
   FROM unnest($3::jsonb[], $10::text[]) AS given (args, key)`,
);

const manyLater = command(
  'jobs.enqueue_many_later',
  `INSERT INTO jobs (${columns}, run_at)
   SELECT $1, $2, args, $4::job_state, $5, $6, $7, key, $8::timestamptz, $9, $11::timestamptz
   FROM unnest($3::jsonb[], $10::text[]) AS given (args, key)`,
);

const wakeOnce = rows('jobs.wake', Type.Object({ woken: Type.String() }), `SELECT ${wake} AS woken`);

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
  checkOptions(options);
  const { settings } = task;
  const values = [
    options.queue ?? settings.queue,
    task.name,
    JSON.stringify(args),
    options.key === undefined ? 'ready' : 'waiting',
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.key ?? null,
    options.expiresAt ?? null,
    contextHeaders().traceparent ?? null,
  ];
  if (options.runAt === undefined && options.uniqueKey === undefined) {
    const made = await tx.first(one, values);
    if (!made) throw new Error('a job was not stored');
    return { id: made.id, fresh: true };
  }
  for (;;) {
    const made = await tx.first(special, [...values, options.runAt ?? null, options.uniqueKey ?? null]);
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
  for (const { args, key } of jobs) {
    checkArgs(task, args);
    if (key !== undefined) checkOptions({ key });
  }
  checkOptions(options);
  const { settings } = task;
  const queue = options.queue ?? settings.queue;
  const later = options.runAt !== undefined && options.runAt.getTime() > Date.now();
  const values = [
    queue,
    task.name,
    jobs.map(({ args }) => JSON.stringify(args)),
    later ? 'scheduled' : 'ready',
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.expiresAt ?? null,
    contextHeaders().traceparent ?? null,
  ];
  const keys = jobs.map(({ key }) => key ?? null);
  const stored = later
    ? tx.execute(manyLater, [...values, keys, options.runAt])
    : keys.some((key) => key !== null)
      ? tx.execute(manyKeyed, [...values, keys])
      : tx.execute(many, values);
  // Sent right behind: whoever it wakes finds the jobs, or they are found by the next look.
  const [count] = await Promise.all([stored, tx.query(wakeOnce, [queue])]);
  return { count };
}

function checkOptions({ queue, key, uniqueKey, priority = 0, maxAttempts = 1 }: EnqueueOptions): void {
  for (const [name, text, most] of [
    ['queue', queue, 100],
    ['key', key, 255],
    ['uniqueKey', uniqueKey, 255],
  ] as const)
    if (text !== undefined && (text.length === 0 || text.length > most))
      throw new InvalidArgs(`${name} has 1 to ${most} characters.`);
  if (!Number.isInteger(priority) || Math.abs(priority) > 100)
    throw new InvalidArgs('priority is a whole number from -100 to 100.');
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 1_000)
    throw new InvalidArgs('maxAttempts is a whole number from 1 to 1000.');
}

const validators = new WeakMap<Task, ReturnType<typeof Compile>>();

function checkArgs(task: Task, args: unknown): void {
  const validator = validators.get(task) ?? Compile(task.args);
  validators.set(task, validator);
  if (validator.Check(args)) return;
  const faults = validator
    .Errors(args)
    .map(({ instancePath, message }) => `args${instancePath.replaceAll('/', '.')} ${message}`);
  throw new InvalidArgs(`A job of ${task.name} cannot be made: ${faults.join('; ')}`);
}

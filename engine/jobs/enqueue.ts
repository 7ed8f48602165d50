import { carryContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { jsonArray, storableJson } from './json.ts';
import type { Task } from './task.ts';
import { isDatabase, type NewJob, storeTogether } from './together.ts';

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
const wake = `(SELECT pg_notify('labwright_jobs', name)::text FROM job_queues WHERE name = $1 AND wanted)`;
const columns = 'queue, task, args, state, priority, max_attempts, timeout_ms, key, expires_at, trace';

const one = rows(
  'jobs.enqueue',
  Type.Object({ id: Type.String(), woken: nullable(Type.String()) }),
  `INSERT INTO jobs (${columns}) VALUES ($1, $2, $3::jsonb, $4::job_state, $5, $6, $7, $8, $9::timestamptz, $10)
   RETURNING id, ${wake} AS woken`,
);

/** Where nobody slept at that queue a moment ago. */
const oneQuietly = rows(
  'jobs.enqueue_quietly',
  Type.Object({ id: Type.String() }),
  `INSERT INTO jobs (${columns}) VALUES ($1, $2, $3::jsonb, $4::job_state, $5, $6, $7, $8, $9::timestamptz, $10) RETURNING id`,
);

/** With a time or a unique key. */
const special = rows(
  'jobs.enqueue_special',
  Type.Object({ id: Type.String(), woken: nullable(Type.String()) }),
  `INSERT INTO jobs (${columns}, run_at, unique_key)
   VALUES ($1, $2, $3::jsonb, (CASE WHEN $11::timestamptz > now() THEN 'scheduled' ELSE $4 END)::job_state,
           $5, $6, $7, $8, $9::timestamptz, $10, $11::timestamptz, $12)
   ON CONFLICT (unique_key)
     WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying') DO NOTHING
   RETURNING id, ${wake} AS woken`,
);

const existing = rows(
  'jobs.find_unique',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs
   WHERE unique_key = $1 AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying')`,
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

const wakeOnce = rows(
  'jobs.wake',
  Type.Object({ woken: nullable(Type.String()) }),
  `SELECT ${wake} AS woken`,
);

/**
 * When nobody slept at a queue, by database. The look at it is a third of what an insert costs; so it is done every few milliseconds
 * where many jobs are enqueued one by one. Who falls asleep just then looks again himself, later than that.
 */
const quiet = new WeakMap<object, Map<string, number>>();
const unlookedMs = 5;

function nobodySleptAt({ database }: Queryable): Map<string, number> {
  const known = quiet.get(database) ?? new Map<string, number>();
  quiet.set(database, known);
  return known;
}

async function storeOne(tx: Queryable, values: NewJob): Promise<string> {
  const queue = String(values[0]);
  const lookedAt = performance.now();
  const looks = lookedAt - (nobodySleptAt(tx).get(queue) ?? Number.NEGATIVE_INFINITY) > unlookedMs;
  const made = looks ? await tx.first(one, values) : await tx.first(oneQuietly, values);
  if (!made) throw new Error('a job was not stored');
  if ('woken' in made && made.woken === null) nobodySleptAt(tx).set(queue, lookedAt);
  return made.id;
}

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
    argsJson(task, args),
    options.key === undefined ? 'ready' : 'waiting',
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.key ?? null,
    options.expiresAt ?? null,
    carryContext(),
  ];
  if (options.runAt === undefined && options.uniqueKey === undefined)
    return {
      id: await (isDatabase(tx) ? storeTogether(tx, values, storeOne) : storeOne(tx, values)),
      fresh: true,
    };
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
    jsonArray(jobs.map(({ args }) => argsJson(task, args))),
    later ? 'scheduled' : 'ready',
    options.priority ?? 0,
    options.maxAttempts ?? settings.maxAttempts,
    (options.timeoutMs ?? settings.timeoutMs) || null,
    options.expiresAt ?? null,
    carryContext(),
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

const longestTimeoutMs = 2 ** 31 - 1;

/** Throws `InvalidArgs`. */
export function checkOptions(options: EnqueueOptions): void {
  const { queue, key, uniqueKey, priority = 0, maxAttempts = 1, timeoutMs = 0, runAt, expiresAt } = options;
  for (const [name, text, most] of [
    ['queue', queue, 100],
    ['key', key, 255],
    ['uniqueKey', uniqueKey, 255],
  ] as const) {
    if (text === undefined) continue;
    if (text.length === 0 || text.length > most)
      throw new InvalidArgs(`${name} has 1 to ${most} characters.`);
    if (text.includes('\0') || !text.isWellFormed())
      throw new InvalidArgs(
        `${name} has a character NUL or half of a surrogate pair, which PostgreSQL cannot keep.`,
      );
  }
  // `queue#task` is where the jobs of a limited task stand aside.
  if (queue?.includes('#')) throw new InvalidArgs('queue has no # in its name.');
  if (!Number.isInteger(priority) || Math.abs(priority) > 100)
    throw new InvalidArgs('priority is a whole number from -100 to 100.');
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 1_000)
    throw new InvalidArgs('maxAttempts is a whole number from 1 to 1000.');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 0 || timeoutMs > longestTimeoutMs)
    throw new InvalidArgs(`timeoutMs is a whole number from 0 (any time) to ${longestTimeoutMs}.`);
  for (const [name, date] of [
    ['runAt', runAt],
    ['expiresAt', expiresAt],
  ] as const)
    if (date !== undefined && Number.isNaN(date.getTime()))
      throw new InvalidArgs(`${name} is no valid date.`);
}

function argsJson(task: Task, args: unknown): string | null {
  try {
    return storableJson(args, 'args');
  } catch (error) {
    throw new InvalidArgs(
      `A job of ${task.name} cannot be made: ${error instanceof Error ? error.message : error}`,
    );
  }
}

const validators = new WeakMap<Task, Validator>();

/** Throws `InvalidArgs`, which names each fault. */
export function checkArgs(task: Task, args: unknown): void {
  const validator = validators.get(task) ?? Compile(task.args);
  validators.set(task, validator);
  if (validator.Check(args)) return;
  const faults = validator
    .Errors(args)
    .map(({ instancePath, message }) => `args${instancePath.replaceAll('/', '.')} ${message}`);
  throw new InvalidArgs(`A job of ${task.name} cannot be made: ${faults.join('; ')}`);
}

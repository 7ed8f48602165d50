import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { duration, readArguments, UsageError, wholeNumber } from '@labwright/kernel/command-line';

/** What a worker is told. `scale` takes the same, and hands it on to each of its workers. */
export const workerArguments = {
  queues: { type: 'string', multiple: true, short: 'q' },
  handlers: { type: 'string', multiple: true },
  concurrency: { type: 'string' },
  database: { type: 'string' },
  transport: { type: 'string' },
  broker: { type: 'string' },
  isolate: { type: 'string' },
  'recycle-jobs': { type: 'string' },
  'recycle-mib': { type: 'string' },
  grace: { type: 'string' },
  lease: { type: 'string' },
  drain: { type: 'string' },
  'health-port': { type: 'string' },
} as const;

export interface WorkerSettings {
  queues: string[];
  /** URLs of modules that export `handlers`. */
  modules: string[];
  concurrency: number;
  databaseUrl: string;
  transport: { kind: 'postgres' } | { kind: 'rabbitmq'; url: string };
  isolation: {
    kind: 'process' | 'thread';
    recycleAfterJobs?: number;
    recycleAboveMiB?: number;
    graceMs: number;
  } | null;
  leaseMs: number;
  drainMs: number;
  healthPort: number | null;
}

type Values = ReturnType<typeof readArguments<{ options: typeof workerArguments }>>['values'];

export interface Surroundings {
  env?: Record<string, string | undefined>;
  /** Where the jobs are, if nobody says so; may throw a sentence. */
  defaultDatabase?: () => string;
}

/** Reads `--queues a,b --handlers ./tasks.ts …`. Throws `UsageError`. */
export function workerSettings(args: string[], surroundings: Surroundings = {}): WorkerSettings {
  return settingsOf(readArguments({ args, options: workerArguments, strict: true }).values, surroundings);
}

export function settingsOf(
  values: Values,
  { env = process.env, defaultDatabase }: Surroundings,
): WorkerSettings {
  const queues = commaList(values.queues);
  if (queues.length === 0) throw new UsageError('Which queues? Name them: --queues a,b');
  const long = queues.find((queue) => queue.length > 100);
  if (long) throw new UsageError(`The name of a queue has 1 to 100 characters, unlike "${long}".`);
  const files = commaList(values.handlers);
  if (files.length === 0)
    throw new UsageError('Who does the work? Name the modules that export `handlers`: --handlers ./tasks.ts');
  const missing = files.find((file) => !existsSync(file));
  if (missing) throw new UsageError(`--handlers names ${missing}, and there is no such file.`);

  const leaseMs = duration('--lease', values.lease ?? '10s');
  if (leaseMs < 1_000) throw new UsageError(`--lease must be at least 1s, not "${values.lease}".`);
  return {
    queues,
    modules: files.map((file) => pathToFileURL(resolve(file)).href),
    concurrency: wholeNumber('--concurrency', values.concurrency ?? '10', { minimum: 1, maximum: 1_000 }),
    databaseUrl: databaseUrl(values.database ?? env.JOBS_DATABASE_URL, defaultDatabase),
    transport: transportOf(values.transport, values.broker ?? env.BROKER_URL),
    isolation: isolationOf(values),
    leaseMs,
    drainMs: duration('--drain', values.drain ?? '30s'),
    healthPort:
      values['health-port'] === undefined
        ? null
        : wholeNumber('--health-port', values['health-port'], { minimum: 0, maximum: 65_535 }),
  };
}

/** The words of options that may be given more than once and may be lists: each once, in their order. */
function commaList(values: readonly string[] | undefined): string[] {
  const words = (values ?? []).flatMap((value) => value.split(',').map((word) => word.trim()));
  return [...new Set(words.filter((word) => word !== ''))];
}

function databaseUrl(given: string | undefined, fallback: (() => string) | undefined): string {
  if (!given && fallback) return fallback();
  if (!given)
    throw new UsageError(
      'Where are the jobs? Name their database: --database postgres://… or JOBS_DATABASE_URL.',
    );
  if (!URL.canParse(given) || !/^postgres(ql)?:$/.test(new URL(given).protocol))
    throw new UsageError('The jobs are kept in postgres://… (--database or JOBS_DATABASE_URL).');
  return given;
}

function transportOf(kind = 'postgres', broker: string | undefined): WorkerSettings['transport'] {
  if (kind === 'postgres') return { kind };
  if (kind !== 'rabbitmq') throw new UsageError(`--transport is postgres or rabbitmq, not "${kind}".`);
  if (!broker || !/^amqps?:\/\//.test(broker))
    throw new UsageError('Where is the broker? Name it: --broker amqp://… or BROKER_URL.');
  return { kind, url: broker };
}

function isolationOf(values: Values): WorkerSettings['isolation'] {
  const { isolate, 'recycle-jobs': jobs, 'recycle-mib': mib, grace } = values;
  if (isolate === undefined) {
    const alone = ['recycle-jobs', 'recycle-mib', 'grace'].find(
      (name) => values[name as 'grace'] !== undefined,
    );
    if (alone)
      throw new UsageError(
        `--${alone} is for handlers in children: add --isolate process or --isolate thread.`,
      );
    return null;
  }
  if (isolate !== 'process' && isolate !== 'thread')
    throw new UsageError(`--isolate is process or thread, not "${isolate}".`);
  const bounds = { minimum: 1, maximum: 1_000_000_000 };
  return {
    kind: isolate,
    graceMs: duration('--grace', grace ?? '5s'),
    ...(jobs === undefined ? {} : { recycleAfterJobs: wholeNumber('--recycle-jobs', jobs, bounds) }),
    ...(mib === undefined ? {} : { recycleAboveMiB: wholeNumber('--recycle-mib', mib, bounds) }),
  };
}

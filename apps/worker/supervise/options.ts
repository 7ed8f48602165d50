import { duration, readArguments, UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { AutoSettings } from '../auto/decide.ts';
import { type Surroundings, settingsOf, type WorkerSettings, workerArguments } from '../options.ts';

/** What is asked of a supervisor: of a new one, or of the one that is there. */
export type Wish =
  | { kind: 'count'; count: number }
  | { kind: 'auto'; auto: Omit<AutoSettings, 'concurrency'> }
  | { kind: 'status' };

export interface ScaleOptions {
  wish: Wish;
  /** Undefined where a supervisor that is there is asked, and nobody said what its workers do. */
  worker: WorkerSettings | undefined;
  queues: string[];
  databaseUrl: string;
  /** For each worker. */
  args: string[];
  /** What does not belong into a list of processes: it may hold passwords. */
  env: Record<string, string>;
}

const most = 1_000;

/** What `scale` is told: how many, and all that its workers are. */
export const scaleArguments = {
  ...workerArguments,
  queue: { type: 'string', multiple: true },
  count: { type: 'string' },
  auto: { type: 'boolean' },
  min: { type: 'string' },
  max: { type: 'string' },
  target: { type: 'string' },
  calm: { type: 'string' },
  status: { type: 'boolean' },
} as const;

/** Reads `--queue a --count 3 …` and the options of a worker. Throws `UsageError`. */
export function scaleOptions(args: string[], surroundings: Surroundings = {}): ScaleOptions {
  const { values } = readArguments({ args, options: scaleArguments, strict: true });
  const { queue, count, auto, min, max, target, calm, status, ...worker } = values;
  const named = [...(worker.queues ?? []), ...(queue ?? [])];
  const wish = wishOf({ count, auto, min, max, target, calm, status });
  if (worker['health-port'] !== undefined)
    throw new UsageError(
      'Workers of one machine cannot share a port: leave --health-port out; --status shows them.',
    );
  // Handlers are needed by whoever starts workers, and only by them.
  const settings = settingsOf({ handlers: ['.'], ...worker, queues: named }, surroundings);
  return {
    wish,
    worker: worker.handlers === undefined ? undefined : settings,
    queues: settings.queues,
    databaseUrl: settings.databaseUrl,
    args: workerArgs({ ...worker, queues: settings.queues }),
    env: {
      JOBS_DATABASE_URL: settings.databaseUrl,
      ...(settings.transport.kind === 'rabbitmq' ? { BROKER_URL: settings.transport.url } : {}),
    },
  };
}

function wishOf(
  values: Record<'count' | 'min' | 'max' | 'target' | 'calm', string | undefined> & {
    auto: boolean | undefined;
    status: boolean | undefined;
  },
): Wish {
  const { count, auto, min, max, target, calm, status } = values;
  const chosen = [count !== undefined, auto === true, status === true].filter(Boolean).length;
  if (chosen !== 1) throw new UsageError('How many workers? One of --count N, --auto or --status.');
  const alone = Object.entries({ min, max, target, calm }).find(([, value]) => value !== undefined);
  if (!auto && alone) throw new UsageError(`--${alone[0]} belongs to --auto.`);
  if (status) return { kind: 'status' };
  if (count !== undefined)
    return { kind: 'count', count: wholeNumber('--count', count, { minimum: 0, maximum: most }) };
  const settings = {
    min: wholeNumber('--min', min ?? '1', { minimum: 0, maximum: most }),
    max: wholeNumber('--max', max ?? '8', { minimum: 1, maximum: most }),
    targetSeconds: duration('--target', target ?? '10s') / 1_000,
    calmSeconds: duration('--calm', calm ?? '60s') / 1_000,
  };
  if (settings.min > settings.max)
    throw new UsageError(`--min is ${settings.min} and --max is ${settings.max}: it cannot be more.`);
  if (settings.targetSeconds <= 0) throw new UsageError('--target must be more than nothing.');
  return { kind: 'auto', auto: settings };
}

function workerArgs({
  database: _database,
  broker: _broker,
  ...values
}: Record<string, string | string[] | undefined>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${Array.isArray(value) ? value.join(',') : value}`],
  );
}

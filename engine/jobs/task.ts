import type { Static, TSchema } from 'typebox';
import type { Rate } from './limits/limits.ts';
import type { Retention } from './store/retention.ts';

/** A kind of work: its name, what its arguments look like, and how it is tried. */
export interface Task<A = unknown, R = unknown> {
  readonly name: string;
  readonly args: TSchema;
  readonly settings: TaskSettings;
  /** Only a type: no value is ever here. */
  readonly types?: { args: A; result: R };
}

export interface TaskSettings {
  /** The queue of its jobs where none is named. */
  queue: string;
  /** Attempts in all. */
  maxAttempts: number;
  /** Milliseconds before the second attempt; twice as long before each further one. */
  retryDelayMs: number;
  /** Milliseconds that one attempt may take; 0: any. */
  timeoutMs: number;
  /**
   * Doing it twice does no harm, not even at the same time: where a worker's connection is gone its job begins elsewhere
   * within a second, instead of after its lease.
   */
  repeatable: boolean;
  /** How many may start in a time, in all queues. Every worker of the task puts it at its start. */
  rate?: Rate;
  /** How long its jobs are kept after their end, where it is not the default. Every worker of the task puts it at its start. */
  keep?: Partial<Retention>;
}

const defaultTaskSettings: TaskSettings = {
  queue: 'default',
  maxAttempts: 4,
  retryDelayMs: 5_000,
  timeoutMs: 0,
  repeatable: false,
};

export function defineTask<const S extends TSchema, R = unknown>(
  definition: { name: string; args: S } & Partial<TaskSettings>,
): Task<Static<S>, R> {
  const { name, args, ...settings } = definition;
  if (!/^[A-Za-z_][\w.:-]{0,199}$/.test(name)) throw new Error(`"${name}" is no name for a task`);
  const whole = { ...defaultTaskSettings, ...settings };
  const fault = faultOf(whole);
  if (fault) throw new Error(`The task ${name} cannot be: ${fault}`);
  return { name, args, settings: whole };
}

function faultOf({ queue, maxAttempts, retryDelayMs, timeoutMs }: TaskSettings): string | undefined {
  const between = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (queue.length < 1 || queue.length > 100 || queue.includes('#'))
    return 'queue has 1 to 100 characters, and no #.';
  if (!between(maxAttempts, 1, 1_000)) return 'maxAttempts is a whole number from 1 to 1000.';
  if (!between(retryDelayMs, 0, longestRetryMs))
    return `retryDelayMs is a whole number from 0 to ${longestRetryMs}.`;
  if (!between(timeoutMs, 0, 2 ** 31 - 1))
    return `timeoutMs is a whole number from 0 (any time) to ${2 ** 31 - 1}.`;
  return undefined;
}

/** Thrown by a handler: trying again would not help. The job is `failed`. */
export class NoRetry extends Error {
  override readonly name = 'NoRetry';
}

/** Thrown by a handler: not before this time. Counts as an attempt. */
export class RetryAt extends Error {
  override readonly name = 'RetryAt';
  readonly at: Date;
  constructor(at: Date, message: string) {
    super(message);
    this.at = at;
  }
}

/** A day: doubled and doubled, a delay would outlast the calendar. */
const longestRetryMs = 86_400_000;
/** How much a delay varies, so that jobs that failed together do not all come back together. */
const jitter = 0.1;

/** Milliseconds from the end of an attempt (from 1) to the next one, a day at most. `random` is in [0, 1). */
export function retryDelay({ retryDelayMs }: TaskSettings, attempt: number, random = Math.random()): number {
  const delay = retryDelayMs * 2 ** (attempt - 1) * (1 + jitter * (2 * random - 1));
  return Math.round(Math.min(delay, longestRetryMs));
}

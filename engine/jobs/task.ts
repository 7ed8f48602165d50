import type { Static, TSchema } from 'typebox';

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
}

const defaultTaskSettings: TaskSettings = {
  queue: 'default',
  maxAttempts: 4,
  retryDelayMs: 5_000,
  timeoutMs: 0,
};

export function defineTask<const S extends TSchema, R = unknown>(
  definition: { name: string; args: S } & Partial<TaskSettings>,
): Task<Static<S>, R> {
  const { name, args, ...settings } = definition;
  if (!/^[A-Za-z_][\w.:-]{0,199}$/.test(name)) throw new Error(`"${name}" is no name for a task`);
  return { name, args, settings: { ...defaultTaskSettings, ...settings } };
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

/** How much a delay varies, so that jobs that failed together do not all come back together. */
const jitter = 0.1;

/** Milliseconds from the end of an attempt (from 1) to the next one. `random` is in [0, 1). */
export function retryDelay({ retryDelayMs }: TaskSettings, attempt: number, random = Math.random()): number {
  return Math.round(retryDelayMs * 2 ** (attempt - 1) * (1 + jitter * (2 * random - 1)));
}

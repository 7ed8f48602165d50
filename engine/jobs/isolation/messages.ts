import { NoRetry, RetryAt } from '../task.ts';
import type { JobContext } from '../worker/handler.ts';

/*
 * What a worker and a child of it say to one another. Arguments and results travel as JSON text, as they do to and from the
 * database, so that a handler sees the same in a child as beside its worker.
 */

/** A file descriptor of a child process: it ends when the worker does. */
export const pipeToParent = 4;

/** How a child begins. */
export interface Setup {
  /** URLs of modules that export `handlers`. */
  readonly modules: readonly string[];
  /** The level of the worker's log: what is below is not worth the way. */
  readonly logLevel: string;
}

export type ToChild =
  | {
      type: 'run';
      /** Counts the jobs of this child: what is said of an earlier one comes too late. */
      run: number;
      task: string;
      args: string;
      context: Pick<JobContext, 'id' | 'attempt' | 'key'>;
      /** The context of the job: its trace, and who caused it. */
      carried: string | null;
    }
  | { type: 'abort'; error: SentError }
  | { type: 'exit' };

export type FromChild =
  | { type: 'ready'; tasks: string[] }
  | { type: 'unusable'; error: SentError }
  | { type: 'succeeded'; run: number; result: string | undefined; memoryMiB: number }
  | { type: 'failed'; run: number; error: SentError; memoryMiB: number }
  | { type: 'progress'; run: number; fraction: number; text: string | undefined }
  | { type: 'log'; line: string };

export interface SentError {
  name: string;
  message: string;
  stack?: string | undefined;
  kind: 'plain' | 'no retry' | 'retry at';
  /** Milliseconds since 1970. */
  at?: number | undefined;
}

export function packError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), kind: 'plain' };
  const { name, message, stack } = error;
  if (error instanceof NoRetry) return { name, message, stack, kind: 'no retry' };
  if (error instanceof RetryAt) return { name, message, stack, kind: 'retry at', at: error.at.getTime() };
  return { name, message, stack, kind: 'plain' };
}

/** The error as it was thrown on the other side: name, message, stack, and what it says of another try. */
export function unpackError({ name, message, stack, kind, at }: SentError): Error {
  const error =
    kind === 'no retry'
      ? new NoRetry(message)
      : kind === 'retry at'
        ? new RetryAt(new Date(at ?? Date.now()), message)
        : Object.defineProperty(new Error(message), 'name', { value: name, configurable: true });
  if (stack !== undefined) error.stack = stack;
  return error;
}

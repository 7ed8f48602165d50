import type { Queryable } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import type { Task } from '../task.ts';

/** What a handler has at hand. */
export interface JobContext {
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly key: string | null;
  /** Fires where the job is cancelled, has had its time, or is not this worker's any more: then stop, whatever you do. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** 0 to 1, and what is being done; kept with the job, at most every 200 ms. */
  progress(fraction: number, text?: string): void;
  /**
   * Records the success of the job in the transaction of what it did: both count, or neither. False where the job is not
   * this worker's any more: then nothing of that transaction may be committed. Once it is, the handler returns, and what it
   * returns is not looked at.
   */
  complete(tx: Queryable, result?: unknown): Promise<boolean>;
}

export interface Handler {
  readonly task: Task;
  readonly run: (args: unknown, context: JobContext) => Promise<unknown>;
}

/** Ties a task to what carries it out. */
export function handle<A, R>(task: Task<A, R>, run: (args: A, context: JobContext) => Promise<R>): Handler {
  return { task: task as Task, run: run as Handler['run'] };
}

import type { Queryable } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob } from '../job.ts';
import type { JobContext } from './handler.ts';

export interface RunTools {
  tellProgress(run: Run, fraction: number, text: string | null): void;
  complete(tx: Queryable, run: Run, result: unknown): Promise<boolean>;
}

/** One attempt at a job in this process, from its claim to its end; what its handler has at hand. */
export class Run implements JobContext {
  readonly job: ClaimedJob;
  /** From which it was claimed; of a job that followed on a key, that of the one before. */
  readonly queue: string;
  readonly log: Log;
  /** When its handler began (`performance.now()`). */
  startedAt = 0;
  /** When progress was last passed on (`performance.now()`). */
  toldAt = 0;
  /** Resolves when its handler has ended, and what it came to is recorded. */
  ended: Promise<void> | undefined;
  /** Its handler has recorded its success itself. */
  recorded = false;
  readonly #tools: RunTools;
  #timer: NodeJS.Timeout | undefined;
  #stopped: Error | undefined;
  /** Made when a handler asks for it: most never do, and one a job is most of what a job costs here. */
  #controller: AbortController | undefined;

  constructor(job: ClaimedJob, queue: string, log: Log, tools: RunTools) {
    this.job = job;
    this.queue = queue;
    this.log = log;
    this.#tools = tools;
  }

  get id(): string {
    return this.job.id;
  }
  get task(): string {
    return this.job.task;
  }
  get attempt(): number {
    return this.job.attempts;
  }
  get key(): string | null {
    return this.job.key;
  }
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#stopped) this.#controller.abort(this.#stopped);
    }
    return this.#controller.signal;
  }
  get progress() {
    return (fraction: number, text?: string): void =>
      this.#tools.tellProgress(this, Math.min(1, Math.max(0, fraction)), text ?? null);
  }
  get complete() {
    return async (tx: Queryable, result?: unknown): Promise<boolean> => {
      this.recorded = await this.#tools.complete(tx, this, result);
      return this.recorded;
    };
  }

  /** Why it is to stop; the first reason counts. */
  get stopped(): Error | undefined {
    return this.#stopped;
  }
  /** Unless it is over before: `release`. */
  stopAfter(ms: number, reason: () => Error): void {
    this.#timer = setTimeout(() => this.stop(reason()), ms);
  }
  /** Its handler has ended: the arguments are not needed any more, and would be most of what is kept of it until it is on record. */
  release(): void {
    this.job.args = null;
    if (this.#timer) clearTimeout(this.#timer);
  }
  stop(reason: Error): void {
    if (this.#stopped) return;
    this.#stopped = reason;
    this.#controller?.abort(reason);
  }
}

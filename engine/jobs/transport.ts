import type { ClaimedJob } from './job.ts';

/**
 * How jobs come to a worker. The rows in PostgreSQL are the truth, whichever way a job comes: whoever delivers one has
 * claimed it there, for this worker alone.
 */
export interface Transport {
  /** Up to `most` jobs of a queue, by priority and age; now this worker's. */
  claim(queue: string, worker: string, most: number): Promise<ClaimedJob[]>;
  /**
   * Says whether this worker sleeps for want of work at these queues: then whoever makes a job ready there wakes it.
   * Others may sleep there too.
   */
  sleeps(queues: readonly string[], asleep: boolean): Promise<void>;
  /** Calls `wake` with a queue where there may be work, null where it may be any. Resolves once it would hear. */
  listen(wake: (queue: string | null) => void): Promise<() => void>;
}

import type { ClaimedJob } from './job.ts';
import type { Success } from './store/finish.ts';

/**
 * How jobs come to a worker. The rows in PostgreSQL are the truth, whichever way a job comes: whoever delivers one has
 * claimed it there, for this worker alone.
 */
export interface Transport {
  /** Up to `most` jobs of a queue, by priority and age; now this worker's. */
  claim(queue: string, worker: string, most: number): Promise<ClaimedJob[]>;
  /**
   * The same, and records what succeeded (jobs without keys) with it: one exchange and one commit for both. Where it throws,
   * nobody knows whether that is recorded: recording it again does no harm.
   */
  finishAndClaim?(
    done: readonly Success[],
    queue: string,
    worker: string,
    most: number,
  ): Promise<ClaimedJob[]>;
  /**
   * Records what succeeded of jobs with keys, and what follows on these keys in `queues` is this worker's. Where nothing does, it claims
   * from `queue` with it: never more than ended. Where it throws, the same holds.
   */
  finishKeyedAndClaim?(
    done: readonly Success[],
    queue: string,
    worker: string,
    queues: readonly string[],
  ): Promise<{ followers: ClaimedJob[]; claimed: ClaimedJob[] }>;
  /**
   * Says whether this worker sleeps for want of work at these queues: then whoever makes a job ready there wakes it.
   * Others may sleep there too.
   */
  sleeps(queues: readonly string[], asleep: boolean): Promise<void>;
  /** Calls `wake` where there may be work. Resolves once it would hear. */
  listen(wake: Wake): Promise<() => void>;
  /**
   * Whether jobs may wait at this queue that are not `ready` rows: then the next job of a key takes its turn behind them, and
   * does not follow at once on the one that ended. Absent: the rows say it all.
   */
  othersWait?(queue: string): boolean;
}

/**
 * A queue where there may be work, null where it may be any. `settled`: a job is there to be claimed; else it may be one
 * with a key that nobody has looked at yet.
 */
export type Wake = (queue: string | null, settled?: boolean) => void;

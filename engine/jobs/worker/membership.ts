import type { Db } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import { keepLease, type Lease } from '@labwright/locks';
import { type Beat, beatWorker, joinWorkers, leaveWorkers } from '../store/workers.ts';

/** This process on record as a worker: alive until it says so no more. */
export interface Membership {
  readonly id: string;
  /** Fires before another process can declare this worker dead. */
  readonly signal: AbortSignal;
  /** Ends it; jobs that it still has are ready again. */
  leave(): Promise<void>;
}

export async function joinAsWorker(
  db: Db,
  options: {
    name: string;
    queues: readonly string[];
    /** Tasks of which a job may be begun elsewhere as soon as this process is seen to be gone. */
    repeatable: readonly string[];
    presence: number | null;
    leaseMs: number;
    log: Log;
    /** Called with the jobs that somebody wants stopped, and those that this worker has had for a lease. */
    onBeat(beat: Beat): void;
  },
): Promise<Membership> {
  const { leaseMs, log } = options;
  const sentAt = performance.now();
  const id = await joinWorkers(db, options);
  const lease: Lease = keepLease(
    {
      renew: async (_held, ttlMs) => {
        const beat = await beatWorker(db, id, ttlMs);
        if (beat) options.onBeat(beat);
        return beat !== undefined;
      },
      release: async () => {
        const handed = await leaveWorkers(db, id);
        if (handed > 0) log.info({ worker: id, jobs: handed }, 'jobs were handed back');
        return true;
      },
    },
    { key: `worker ${id}`, holder: id, token: Number(id) },
    { ttlMs: leaseMs, sentAt },
  );
  return {
    id,
    signal: lease.signal,
    leave: async () => {
      await lease.release().catch((error) => log.warn({ err: error }, 'a worker could not take its leave'));
    },
  };
}

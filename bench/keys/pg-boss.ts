import { setTimeout as pause } from 'node:timers/promises';
import { PgBoss } from 'pg-boss';
import type { KeyedEngine, KeyedJob } from './keyed.ts';

/** Milliseconds until a lane that found nothing looks again: pg-boss's own workers rest for half a second at least. */
const restMs = 5;

/** pg-boss with a queue of a policy that lets one job of a key run, driven by its `fetch` and `complete`. */
export function pgBossKeyed(connectionString: string, policy: 'key_strict_fifo' | 'singleton'): KeyedEngine {
  const boss = new PgBoss({ connectionString, max: 10, supervise: false, schedule: false });
  boss.on('error', () => {});
  return {
    setUp: async () => {
      await boss.start();
      await boss.createQueue('q', { policy });
    },
    // One by one: it keeps no order within one insert.
    fill: async (jobs) => {
      for (const job of jobs) await boss.send('q', job, { singletonKey: job.key });
    },
    start: async (inFlight, work) => {
      let stopped = false;
      const lane = async () => {
        while (!stopped) {
          const [job] = await boss.fetch<KeyedJob>('q', { batchSize: 1 });
          if (!job) {
            await pause(restMs);
            continue;
          }
          await work(job.data);
          await boss.complete('q', job.id);
        }
      };
      const lanes = Array.from({ length: inFlight }, lane);
      return async () => {
        stopped = true;
        await Promise.all(lanes);
      };
    },
  };
}

import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import type { KeyedEngine, KeyedJob } from './keyed.ts';

const silent = new Logger(() => () => {});

/** graphile-worker with a named queue for each key, which it works on one job after the other. */
export function graphileKeyed(connectionString: string): KeyedEngine {
  const utils = makeWorkerUtils({ connectionString, logger: silent });
  return {
    setUp: async () => {
      await (await utils).migrate();
    },
    fill: async (jobs) => {
      await (await utils).addJobs(
        jobs.map((payload) => ({ identifier: 'keyed', payload, queueName: payload.key })),
      );
    },
    start: async (concurrency, work) => {
      const runner = await run({
        connectionString,
        logger: silent,
        noHandleSignals: true,
        concurrency,
        maxPoolSize: 12,
        taskList: { keyed: (job) => work(job as KeyedJob) },
      });
      return () => runner.stop();
    },
  };
}

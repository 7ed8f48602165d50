import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import { counter, type Engine, pause, payload } from './engine.ts';

const silent = new Logger(() => () => {});

/** graphile-worker as it comes, or with the local queue that its documentation recommends for throughput. */
export function graphileEngine(connectionString: string, localQueue: boolean): Engine {
  const begun = counter();
  const utils = makeWorkerUtils({ connectionString, logger: silent });
  const worker = (concurrentJobs: number): Promise<Runner> =>
    run({
      connectionString,
      logger: silent,
      noHandleSignals: true,
      concurrency: concurrentJobs,
      maxPoolSize: 12,
      preset: {
        worker: {
          concurrentJobs,
          ...(localQueue
            ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
            : {}),
        },
      },
      taskList: {
        nothing: async () => {
          begun.tick();
        },
      },
    });
  return {
    setUp: async () => {
      await (await utils).migrate();
    },
    clear: async () => {
      await (await utils).withPgClient((client) => client.query('TRUNCATE graphile_worker._private_jobs'));
    },
    enqueueOne: async () => {
      await (await utils).addJob('nothing', payload);
    },
    enqueueMany: async (count) => {
      await (await utils).addJobs(Array.from({ length: count }, () => ({ identifier: 'nothing', payload })));
    },
    drain: async (count, inFlight) => {
      const all = begun.expect(count);
      const runner = await worker(inFlight);
      await all;
      await runner.stop();
    },
    pickups: async (count) => {
      const runner = await worker(10);
      const took: number[] = [];
      for (let index = 0; index < count; index += 1) {
        await pause(20);
        const started = begun.expect(1);
        const from = performance.now();
        await (await utils).addJob('nothing', payload);
        await started;
        took.push(performance.now() - from);
      }
      await runner.stop();
      return took;
    },
  };
}

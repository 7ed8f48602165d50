import { PgBoss } from 'pg-boss';
import { counter, type Engine, pause, payload } from './engine.ts';

const notified = 'notified';

/** pg-boss with batches as large as what is in flight, which is its quickest way. */
export function pgBossEngine(connectionString: string): Engine {
  const boss = new PgBoss({
    connectionString,
    max: 10,
    supervise: false,
    schedule: false,
    useListenNotify: true,
  });
  const begun = counter();
  boss.on('error', () => {});
  return {
    setUp: async () => {
      await boss.start();
      await boss.createQueue('q');
      // A notification costs its queue half of the enqueue rate: only what is picked up at once has one.
      await boss.createQueue(notified, { notify: true });
    },
    clear: () => boss.deleteAllJobs('q'),
    enqueueOne: async () => {
      await boss.send('q', payload);
    },
    enqueueMany: async (count) => {
      await boss.insert(
        'q',
        Array.from({ length: count }, () => ({ data: payload })),
      );
    },
    drain: async (_count, inFlight) => {
      const loop = async (batchSize: number) => {
        for (;;) {
          const jobs = await boss.fetch('q', { batchSize });
          if (jobs.length === 0) return;
          await boss.complete(
            'q',
            jobs.map(({ id }) => id),
          );
        }
      };
      await (inFlight > 500 ? Promise.all([loop(inFlight / 2), loop(inFlight / 2)]) : loop(inFlight));
    },
    pickups: async (count) => {
      const id = await boss.work(notified, { pollingIntervalSeconds: 0.5, batchSize: 10 }, async () =>
        begun.tick(),
      );
      const took: number[] = [];
      for (let index = 0; index < count; index += 1) {
        await pause(20);
        const started = begun.expect(1);
        const from = performance.now();
        await boss.send(notified, payload);
        await started;
        took.push(performance.now() - from);
      }
      await boss.offWork(notified, { id });
      return took;
    },
  };
}

import { randomUUID } from 'node:crypto';
import { createWorker, enqueue, enqueueMany, handle, jobsMigrations } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { counter, type Engine, pause, payload } from './engine.ts';
import { task } from './task.ts';

/** With `keyed`, each job that is enqueued in bulk has a key of its own. */
export function oursEngine(url: string, keyed = false): Engine {
  const db = openDb({ url, applicationName: 'bench', max: 10 });
  const begun = counter();
  const worker = (concurrency: number) =>
    createWorker({
      db,
      transport: postgresTransport(db),
      log: silentLog,
      queues: ['q'],
      concurrency,
      handlers: [
        handle(task, async () => {
          begun.tick();
        }),
      ],
    });
  return {
    setUp: async () => {
      await migrate(db, [jobsMigrations]);
    },
    clear: () => db.raw('TRUNCATE jobs, job_attempts'),
    enqueueOne: async () => {
      await enqueue(db, task, payload, { queue: 'q' });
    },
    enqueueMany: async (count) => {
      await enqueueMany(
        db,
        task,
        Array.from({ length: count }, () =>
          keyed ? { args: payload, key: randomUUID() } : { args: payload },
        ),
        { queue: 'q' },
      );
    },
    drain: async (count, inFlight) => {
      const all = begun.expect(count);
      const workers = inFlight > 500 ? [worker(inFlight / 2), worker(inFlight / 2)] : [worker(inFlight)];
      for (const one of workers) await one.start();
      await all;
      // Stopped is who has recorded everything.
      await Promise.all(workers.map((one) => one.stop()));
    },
    pickups: async (count) => {
      const one = worker(10);
      await one.start();
      const took: number[] = [];
      for (let index = 0; index < count; index += 1) {
        await pause(20);
        const started = begun.expect(1);
        const from = performance.now();
        await enqueue(db, task, payload, { queue: 'q' });
        await started;
        took.push(performance.now() - from);
      }
      await one.stop();
      return took;
    },
    left: begun.left,
  };
}

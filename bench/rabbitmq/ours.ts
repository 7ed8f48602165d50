import { setTimeout as pause } from 'node:timers/promises';
import { createWorker, enqueue, enqueueMany, handle, jobsMigrations, waitForJobs } from '@labwright/jobs';
import { createRelay, openBroker, rabbitTransport } from '@labwright/jobs/transports/rabbitmq';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { counter, payload } from '../engines/engine.ts';
import { task } from '../engines/task.ts';

const queues = ['q'];
/** Walks jobs_ready. */
const oneReady = rows(
  'bench.one_ready',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE queue = 'q' AND state = 'ready' ORDER BY priority, id LIMIT 1`,
);

/** Our jobs by way of RabbitMQ; relay and worker in one process, as `labwright worker --transport rabbitmq` has them. */
export async function openOurs(databaseUrl: string, url: string, namespace: string) {
  const db = openDb({ url: databaseUrl, applicationName: 'bench', max: 10 });
  await migrate(db, [jobsMigrations]);
  const broker = openBroker({ url, name: 'bench', log: silentLog });
  while (!broker.up) await pause(10);
  const begun = counter();
  const relay = () => createRelay({ db, broker, namespace, queues, log: silentLog });
  const worker = (concurrency: number) =>
    createWorker({
      db,
      transport: rabbitTransport({ db, broker, namespace, log: silentLog }),
      log: silentLog,
      queues,
      concurrency,
      handlers: [handle(task, async () => begun.tick())],
    });
  const fill = async (count: number) => {
    const jobs = Array.from({ length: count }, () => ({ args: payload }));
    await enqueueMany(db, task, jobs, { queue: 'q' });
  };

  return {
    fill,
    /** Resolves when the broker has confirmed what is there. */
    relay: async () => {
      const one = relay();
      await one.start();
      while ((await db.query(oneReady)).length > 0) await pause(5);
      await one.stop();
    },
    /** Carries out so many jobs whose messages lie with the broker; resolves when they are recorded as done. */
    work: async (count: number, inFlight: number) => {
      const all = begun.expect(count);
      const one = worker(inFlight);
      await one.start();
      await all;
      await one.stop();
    },
    /** Answers milliseconds from the first that is asked for until the last is recorded as done, over relay and broker. */
    endToEnd: async (count: number, batch: number, inFlight: number): Promise<number> => {
      const sender = relay();
      const one = worker(inFlight);
      await sender.start();
      await one.start();
      await pause(300);
      const all = begun.expect(count);
      const from = performance.now();
      const filling = (async () => {
        for (let asked = 0; asked < count; asked += batch) await fill(batch);
      })();
      await Promise.all([filling, all]);
      // Stopped is who has recorded everything.
      await one.stop();
      const took = performance.now() - from;
      await sender.stop();
      return took;
    },
    /** From now on, until the process ends. */
    serve: async (inFlight: number) => {
      await relay().start();
      await worker(inFlight).start();
    },
    /** Asks for so many jobs one by one, so many at once, and waits until all are done. */
    call: async (count: number, atOnce: number) => {
      const ids: string[] = [];
      let left = count;
      const lane = async () => {
        while (left > 0) {
          left -= 1;
          ids.push((await enqueue(db, task, payload, { queue: 'q' })).id);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
      const { ended } = await waitForJobs(db, ids, { timeoutMs: 120_000 });
      if (ended.size !== count) throw new Error(`only ${ended.size} of ${count} jobs have ended`);
    },
  };
}

import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import {
  createWorker,
  findJob,
  type Handler,
  type Job,
  jobsMigrations,
  type Worker,
} from '../../../index.ts';
import { startRabbit, type TestRabbit } from '../../../testing/rabbitmq.ts';
import { postgresTransport } from '../../postgres/index.ts';
import { type Broker, openBroker } from '../../rabbitmq/index.ts';
import { type CeleryBridge, celeryBridge, celeryMigrations } from '../index.ts';
import { type CeleryHome, celeryHome, hasCelery } from './python.ts';

/** A broker, a database, a bridge and Python, for one test file. */
export interface Fixture {
  readonly rabbit: TestRabbit;
  readonly database: TestDatabase;
  readonly broker: Broker;
  readonly bridge: CeleryBridge;
  readonly python: CeleryHome;
  freshQueue(): string;
  /** A worker of ours, which is stopped at the end. */
  worker(queue: string, handlers: Handler[], more?: { leaseMs?: number }): Promise<Worker>;
  ended(job: string): Promise<Job>;
  end(): Promise<void>;
}

/** The reason where the tests of this file have to be skipped. */
export async function startFixture(): Promise<Fixture | string> {
  if (!hasCelery()) return 'there is no Celery on this machine';
  const rabbit = await startRabbit();
  if (!rabbit) return 'there is no rabbitmq-server on this machine';
  const database = await createTestDatabase([jobsMigrations, celeryMigrations], { max: 20 });
  const { db } = database;
  const broker = openBroker({ url: rabbit.url, name: 'celery test', log: silentLog });
  const bridge = celeryBridge({ db, broker, log: silentLog });
  const python = await celeryHome();
  const workers: Worker[] = [];
  let queues = 0;
  await bridge.start();
  return {
    rabbit,
    database,
    broker,
    bridge,
    python,
    freshQueue: () => `queue-${++queues}`,
    worker: async (queue, handlers, more = {}) => {
      const worker = createWorker({
        db,
        transport: postgresTransport(db),
        log: silentLog,
        queues: [queue],
        handlers,
        leaseMs: 1_500,
        drainMs: 1_000,
        ...more,
      });
      await worker.start();
      workers.push(worker);
      return worker;
    },
    ended: (id) =>
      eventually(`job ${id} has ended`, async () => {
        const job = await findJob(db, id);
        return job && ['succeeded', 'failed', 'dead', 'cancelled'].includes(job.state) ? job : undefined;
      }),
    end: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await bridge.stop();
      await broker.close();
      await python.remove();
      await database.drop();
      await rabbit.remove();
    },
  };
}

/** A database of jobs, and workers on it. */
import { after, before } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  findJob,
  type Handler,
  jobsMigrations,
  type Transport,
  type Worker,
} from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';

export let database: TestDatabase;
/** Declares the hooks of a test file. */
export function openDatabase(): void {
  before(async () => {
    database = await createTestDatabase([jobsMigrations]);
  });
  after(() => database.drop());
}

let queues = 0;
export const freshQueue = () => `queue-${++queues}`;

export const work = defineTask({ name: 'work', args: Type.Object({ n: Type.Integer() }), retryDelayMs: 1 });

export async function running(
  queue: string,
  handlers: Handler[],
  more: { concurrency?: number; leaseMs?: number; transport?: Transport; drainMs?: number } = {},
): Promise<Worker> {
  const { db } = database;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [queue],
    handlers,
    leaseMs: 2_000,
    ...more,
  });
  await worker.start();
  return worker;
}

export const ended = (id: string) =>
  eventually(`job ${id} has ended`, async () => {
    const job = await findJob(database.db, id);
    return job && ['succeeded', 'failed', 'dead', 'cancelled'].includes(job.state) ? job : undefined;
  });

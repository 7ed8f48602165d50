import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createWorker, defineTask, enqueue, findJob, handle, jobsMigrations } from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

/* What a worker does where one statement fails at a certain moment, and the database is well again at once. */

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const work = defineTask({ name: 'work', args: Type.Object({}), retryDelayMs: 1 });
const presences = rows(
  'test.lost.presences',
  Type.Object({ presence: Type.Integer() }),
  'SELECT presence FROM job_workers',
);

test('a new presence that cannot be put on record loses no success, and is put on record again', async () => {
  type Shown = Parameters<Db['present']>[1];
  let shown: Shown | undefined;
  let refused = 0;
  const db: Db = {
    ...database.db,
    present: async (_space, listener) => {
      shown = listener;
      listener.onShown(1);
      return async () => {};
    },
    execute: async (statement, values) => {
      if (statement.name === 'jobs.workers.show' && refused === 0) {
        refused += 1;
        throw new Error('the database cannot be reached');
      }
      return database.db.execute(statement, values);
    },
  };
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const worker = createWorker({
    db,
    transport: postgresTransport(database.db),
    log: silentLog,
    queues: ['lost'],
    concurrency: 2,
    handlers: [
      handle(work, async () => {
        begun.resolve();
        await goOn.promise;
      }),
    ],
  });
  await worker.start();
  const { id } = await enqueue(database.db, work, {}, { queue: 'lost' });
  await begun.promise;
  // In one turn of the event loop: the round that would record the success is the one that has to show the new presence.
  shown?.onLost();
  goOn.resolve();
  shown?.onShown(2);
  await eventually(
    'the success is recorded',
    async () => (await findJob(database.db, id))?.state === 'succeeded' || undefined,
    20_000,
  );
  assert.equal(refused, 1);
  await eventually(
    'others know the new presence',
    async () => (await database.db.query(presences)).some(({ presence }) => presence === 2) || undefined,
    20_000,
  );
  await worker.stop();
});

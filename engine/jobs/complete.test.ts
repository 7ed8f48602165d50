import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  enqueue,
  findJob,
  handle,
  type JobContext,
  jobsMigrations,
  keysWithJobs,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw('CREATE TABLE done (n integer)');
});
after(() => database.drop());

const task = defineTask({ name: 'note', args: Type.Object({ n: Type.Integer() }), retryDelayMs: 1 });
const note = command('test.complete.note', 'INSERT INTO done (n) VALUES ($1)');
const noted = rows(
  'test.complete.noted',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM done WHERE n = $1',
);
const timesNoted = async (n: number) => (await database.db.first(noted, [n]))?.count;
const takeAway = command(
  'test.complete.take_away',
  `UPDATE jobs SET state = 'scheduled', worker = NULL, run_at = now() + interval '1 day' WHERE id = $1`,
);

async function workerOf(queue: string, run: (n: number, context: JobContext) => Promise<unknown>) {
  const { db } = database;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [queue],
    handlers: [handle(task, ({ n }, context) => run(n, context))],
  });
  await worker.start();
  return worker;
}

const ended = (id: string) =>
  eventually(`job ${id} succeeded`, async () =>
    (await findJob(database.db, id))?.state === 'succeeded' ? true : undefined,
  );

test('a job that is completed in the transaction of its work: both count; those behind it on its key go on', async () => {
  const worker = await workerOf('one', (n, context) =>
    database.db.transaction(async (tx) => {
      await tx.execute(note, [n]);
      assert.equal(await context.complete(tx, { n }), true);
    }),
  );
  const first = await enqueue(database.db, task, { n: 1 }, { queue: 'one', key: 'k' });
  const second = await enqueue(database.db, task, { n: 2 }, { queue: 'one', key: 'k' });
  await Promise.all([ended(first.id), ended(second.id)]);
  assert.deepEqual([await timesNoted(1), await timesNoted(2)], [1, 1]);
  assert.deepEqual((await findJob(database.db, first.id))?.result, { n: 1 });
  await eventually('nothing is in hand', async () => worker.running === 0 || undefined);
  await worker.stop();
});

test('a transaction that is rolled back leaves the job to its next attempt', async () => {
  const worker = await workerOf('two', (n, context) =>
    database.db.transaction(async (tx) => {
      await tx.execute(note, [n]);
      await context.complete(tx);
      if (context.attempt === 1) throw new Error('not this time');
    }),
  );
  const { id } = await enqueue(database.db, task, { n: 3 }, { queue: 'two' });
  await ended(id);
  assert.equal(await timesNoted(3), 1);
  assert.equal((await findJob(database.db, id))?.attempts, 2);
  await worker.stop();
});

test("a job that is not the worker's any more cannot be completed by it", async () => {
  const answers: boolean[] = [];
  const worker = await workerOf('three', async (_n, context) => {
    await database.db.execute(takeAway, [context.id]);
    await database.db.transaction(async (tx) => void answers.push(await context.complete(tx)));
  });
  const { id } = await enqueue(database.db, task, { n: 4 }, { queue: 'three' });
  await eventually('it was tried', async () => answers.length > 0 || undefined);
  await worker.stop();
  assert.deepEqual(answers, [false]);
  assert.equal((await findJob(database.db, id))?.state, 'scheduled');
});

test('keys that have a job', async () => {
  const worker = await workerOf('four', async () => {});
  const { id } = await enqueue(database.db, task, { n: 5 }, { queue: 'four', key: 'done' });
  await ended(id);
  await worker.stop();
  await enqueue(database.db, task, { n: 6 }, { queue: 'nobody', key: 'waits' });
  assert.deepEqual(await keysWithJobs(database.db, ['done', 'waits', 'never']), new Set(['waits']));
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  enqueue,
  findJob,
  handle,
  jobsMigrations,
  limitQueue,
  limitTask,
  NoRetry,
  pauseQueue,
  RetryAt,
  waitingReasons,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const wait = defineTask({ name: 'wait', args: Type.Object({}) });
const rare = defineTask({ name: 'rare', args: Type.Object({}) });
const why = async (id: string) => (await waitingReasons(database.db, id)) ?? [];
const kinds = async (id: string) => (await why(id)).map(({ kind }) => kind);

test('a job says why it waits, for whom, and until when', async () => {
  const { db } = database;
  const queue = 'why';
  const runAt = new Date(Date.now() + 3_600_000);
  const later = await enqueue(db, wait, {}, { queue, runAt });
  const ready = await enqueue(db, wait, {}, { queue });
  assert.deepEqual(await kinds(later.id), ['scheduled', 'no_worker']);
  assert.deepEqual((await why(later.id))[0]?.until, runAt);
  await pauseQueue(db, queue);
  assert.deepEqual(await kinds(ready.id), ['paused', 'no_worker']);
  assert.equal(await waitingReasons(db, '999999'), undefined);

  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const retryAt = new Date(Date.now() + 1_800_000);
  let order = 0;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['work'],
    concurrency: 2,
    handlers: [
      handle(wait, async () => {
        order += 1;
        if (order > 1) throw new RetryAt(retryAt, 'not now');
        await held;
      }),
      handle(rare, async () => {
        throw new NoRetry('never');
      }),
    ],
  });
  // Before it starts: a worker that runs hears of it a moment later.
  await limitTask(db, 'rare', { limit: 1, perMs: 3_600_000 });
  await worker.start();
  const first = await enqueue(db, wait, {}, { queue: 'work', key: 'k' });
  const second = await enqueue(db, wait, {}, { queue: 'work', key: 'k' });
  const third = await enqueue(db, wait, {}, { queue: 'work', key: 'k' });
  await eventually('it runs', async () => (await findJob(db, first.id))?.state === 'running' || undefined);
  assert.deepEqual(await why(first.id), []);
  assert.partialDeepStrictEqual(await why(second.id), [{ kind: 'key', job: first.id, until: null }]);
  assert.match((await why(third.id))[0]?.text ?? '', /job \d+ has the key k; 1 job of that key go/);
  release();
  await eventually(
    'it is to be tried again',
    async () => (await kinds(second.id))[0] === 'retry' || undefined,
  );
  assert.deepEqual((await why(second.id))[0]?.until, retryAt);
  assert.partialDeepStrictEqual(await why(third.id), [{ kind: 'key', job: second.id }]);

  // A token an hour, and one is gone: the next comes in an hour, the one after it in two.
  const gone = await enqueue(db, rare, {}, { queue: 'work' });
  await eventually('it has run', async () => (await findJob(db, gone.id))?.state === 'failed' || undefined);
  const from = Date.now();
  const hours = async (id: string) => {
    const reason = (await why(id)).find(({ kind }) => kind === 'rate');
    return Math.round(((reason?.until?.getTime() ?? 0) - from) / 3_600_000);
  };
  const one = await enqueue(db, rare, {}, { queue: 'work' });
  const two = await enqueue(db, rare, {}, { queue: 'work' });
  await eventually('both are aside', async () => (await hours(two.id)) === 2 || undefined);
  assert.equal(await hours(one.id), 1);
  await worker.stop();
  assert.deepEqual(await kinds(one.id), ['no_worker', 'rate']);

  await limitQueue(db, 'slow queue', { limit: 1, perMs: 60_000 });
  const [a, b] = [
    await enqueue(db, wait, {}, { queue: 'slow queue' }),
    await enqueue(db, wait, {}, { queue: 'slow queue' }),
  ];
  assert.deepEqual(await kinds(a.id), ['no_worker']);
  assert.partialDeepStrictEqual(await why(b.id), [{ kind: 'no_worker' }, { kind: 'rate' }]);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  cancelJob,
  createWorker,
  defineTask,
  enqueue,
  handle,
  jobsMigrations,
  NoRetry,
  waitForJobs,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const work = defineTask({ name: 'work', args: Type.Object({ n: Type.Integer() }) });

test('waits for all, whatever becomes of them, and tells of each once', async () => {
  const { db } = database;
  const ids: string[] = [];
  for (let n = 0; n < 30; n += 1) ids.push((await enqueue(db, work, { n }, { queue: 'waited' })).id);
  const [cancelled = ''] = ids;
  await cancelJob(db, cancelled);
  const told: string[] = [];
  const waiting = waitForJobs(db, [...ids, '999999999'], {
    onEnded: (jobs) => told.push(...jobs.map(({ id }) => id)),
  });
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['waited'],
    handlers: [
      handle(work, async ({ n }) => {
        if (n === 7) throw new NoRetry('not this one');
        return n * n;
      }),
    ],
  });
  await worker.start();
  const { ended, open, missing } = await waiting;
  await worker.stop();
  assert.deepEqual([open, missing], [[], ['999999999']]);
  assert.deepEqual([...ended.keys()].sort(), [...ids].sort());
  assert.deepEqual(told.toSorted(), [...ids].sort());
  assert.equal(ended.get(cancelled)?.state, 'cancelled');
  assert.partialDeepStrictEqual(ended.get(ids[7] ?? ''), {
    state: 'failed',
    error: { message: 'not this one' },
  });
  assert.equal(ended.get(ids[9] ?? '')?.result, 81);
});

test('answers what is known when the time is over, and when it is told to stop', async () => {
  const { db } = database;
  const { id } = await enqueue(db, work, { n: 1 }, { queue: 'nobody' });
  assert.deepEqual(await waitForJobs(db, [id], { timeoutMs: 50 }), {
    ended: new Map(),
    open: [id],
    missing: [],
  });
  const stop = new AbortController();
  const waiting = waitForJobs(db, [id], { signal: stop.signal });
  stop.abort();
  assert.deepEqual((await waiting).open, [id]);
  assert.deepEqual(await waitForJobs(db, []), { ended: new Map(), open: [], missing: [] });
});

test('more than one look can hold are all found', async () => {
  const { db } = database;
  await db.raw(`INSERT INTO jobs (queue, task, args, state, max_attempts, finished_at)
    SELECT 'past', 'work', '{}', (CASE WHEN n % 2 = 0 THEN 'succeeded' ELSE 'ready' END)::job_state, 1, now() FROM generate_series(1, 3000) AS n`);
  const { id: last } = await enqueue(db, work, { n: 1 }, { queue: 'nobody' });
  const ids = Array.from({ length: 3_000 }, (_, index) => String(Number(last) - 3_000 + index));
  const { ended, open, missing } = await waitForJobs(db, ids, { timeoutMs: 3_000 });
  assert.deepEqual([ended.size, open.length, missing.length], [1_500, 1_500, 0]);
});

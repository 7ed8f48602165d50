import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { cancelJob, defineTask, enqueue, findJob, jobsMigrations } from './index.ts';
import { recordFailure, recordSuccesses } from './store/finish.ts';
import { settleUnseenJobs } from './store/upkeep.ts';
import { joinWorkers } from './store/workers.ts';
import { postgresTransport } from './transports/postgres/index.ts';

/* A key goes on where the very job that is next is cancelled in the moment in which the one before it ends. */

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const task = defineTask({ name: 'held', args: Type.Object({}) });
const waiters = rows(
  'test.cancelled_head.waiters',
  Type.Object({ count: Type.Integer() }),
  `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
);

for (const [how, end] of [
  [
    'succeeds',
    (worker: string, id: string, queue: string) =>
      recordSuccesses(database.db, worker, [{ id, keyed: true, result: null }], [queue]),
  ],
  [
    'fails',
    (worker: string, id: string) =>
      recordFailure(database.db, worker, {
        id,
        attempt: 1,
        state: 'failed',
        error: { name: 'Error', message: 'no' },
        retryAt: null,
      }),
  ],
] as const)
  test(`the next but one is begun where the next is cancelled while the one before ${how}`, async () => {
    const { db } = database;
    const queue = `q-${how}`;
    const jobs = [];
    for (let n = 0; n < 3; n += 1) jobs.push(await enqueue(db, task, {}, { queue, key: `k-${how}` }));
    const [first, next, last] = jobs.map(({ id }) => id) as [string, string, string];
    await settleUnseenJobs(db);
    const worker = await joinWorkers(db, {
      name: 'w',
      queues: [queue],
      repeatable: [],
      presence: null,
      leaseMs: 60_000,
    });
    const transport = postgresTransport(db);
    assert.deepEqual(
      (await transport.claim(queue, worker, 10)).map(({ id }) => id),
      [first],
    );
    const cancelled = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const cancelling = db.transaction(async (tx) => {
      assert.equal(await cancelJob(tx, next), 'cancelled');
      cancelled.resolve();
      await commit.promise;
    });
    await cancelled.promise;
    const ending = end(worker, first, queue);
    await eventually('the end waits for the row', async () =>
      ((await db.first(waiters))?.count ?? 0) > 0 ? true : undefined,
    );
    commit.resolve();
    await Promise.all([cancelling, ending]);
    assert.deepEqual(
      (await transport.claim(queue, worker, 10)).map(({ id }) => id),
      [last],
    );
    assert.equal((await findJob(db, next))?.state, 'cancelled');
  });

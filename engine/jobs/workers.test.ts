import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { attemptsOfJob, createWorker, enqueue, findJob, handle } from './index.ts';
import { wakeOthers } from './store/wake.ts';
import { once } from './testing/once.ts';
import { database, ended, freshQueue, openDatabase, running, work } from './testing/open-jobs.ts';
import { postgresTransport } from './transports/postgres/index.ts';

openDatabase();

test('a worker that falls silent: its jobs go to others, it is told before, and nothing that it says is heard', async () => {
  const queue = freshQueue();
  const { db } = database;
  const begun: string[] = [];
  let told = false;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Once it has the job its beats do not get through, everything else does.
  const deaf = createWorker({
    db: {
      ...db,
      first: (statement, values) =>
        statement.name === 'jobs.workers.beat' && begun.length > 0
          ? new Promise(() => {})
          : db.first(statement, values),
    },
    transport: once(postgresTransport(db)),
    log: silentLog,
    queues: [queue],
    leaseMs: 2_000,
    drainMs: 10,
    handlers: [
      handle(work, async (_args, { signal }) => {
        begun.push('deaf');
        signal.addEventListener('abort', () => {
          told = true;
        });
        await held;
        return 'from the dead';
      }),
    ],
  });
  await deaf.start();
  const { id } = await enqueue(db, work, { n: 1 }, { queue, key: 'one at a time' });
  await eventually('it runs', async () => begun.length > 0 || undefined);
  const other = await running(queue, [
    handle(work, async () => {
      assert.ok(told, 'another one begins before the first was told');
      begun.push('other');
      return 'from the living';
    }),
  ]);
  const job = await ended(id);
  assert.partialDeepStrictEqual(job, { state: 'succeeded', result: 'from the living', attempts: 2 });
  release();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await findJob(db, id))?.result, 'from the living');
  assert.partialDeepStrictEqual(await attemptsOfJob(db, id), [{ attempt: 1, error: { name: 'WorkerDied' } }]);
  await Promise.all([other.stop(), deaf.handBack().then(() => deaf.stop())]);
});

test('a claim whose answer is lost is given back, and the attempt does not count', async () => {
  const queue = freshQueue();
  const { db } = database;
  const transport = postgresTransport(db);
  let lost = false;
  const worker = await running(queue, [handle(work, async () => {})], {
    leaseMs: 600,
    transport: {
      ...transport,
      claim: async (...asked) => {
        const claimed = await transport.claim(...asked);
        if (lost || claimed.length === 0) return claimed;
        lost = true;
        throw new Error('the answer is lost');
      },
    },
  });
  const { id } = await enqueue(db, work, { n: 1 }, { queue });
  assert.partialDeepStrictEqual(await ended(id), { state: 'succeeded', attempts: 1 });
  assert.ok(lost);
  await worker.stop();
});

test('who is not on record as a worker gets no job', async () => {
  const queue = freshQueue();
  const { id } = await enqueue(database.db, work, { n: 1 }, { queue });
  assert.deepEqual(await postgresTransport(database.db).claim(queue, '999999999', 10), []);
  assert.equal((await findJob(database.db, id))?.state, 'ready');
});

test('a worker that is being buried while it claims gets nothing', async () => {
  const queue = freshQueue();
  const { db } = database;
  const { id } = await enqueue(db, work, { n: 1 }, { queue });
  const dead = await db.first(joinDead, [queue]);
  assert.ok(dead);
  let claim: Promise<unknown[]> | undefined;
  await db.transaction(async (tx) => {
    assert.equal((await tx.first(bury, [dead.id]))?.handed, 0);
    claim = postgresTransport(db).claim(queue, dead.id, 10);
    // It waits for the end of this transaction, or, were it not to, has its job by now.
    await Promise.race([claim, new Promise((resolve) => setTimeout(resolve, 200))]);
  });
  assert.deepEqual(await claim, []);
  assert.equal((await findJob(db, id))?.state, 'ready');
});

test('a job that kills its worker is dead after its attempts', async () => {
  const queue = freshQueue();
  const { db } = database;
  const { id } = await enqueue(db, work, { n: 1 }, { queue, maxAttempts: 2 });
  for (const name of ['first', 'second']) {
    await db.execute(dieWith, [name, queue]);
    const keeper = await running(freshQueue(), []);
    await eventually(
      'its worker is buried',
      async () => (await findJob(db, id))?.state !== 'running' || undefined,
    );
    await keeper.stop();
  }
  assert.partialDeepStrictEqual(await findJob(db, id), {
    state: 'dead',
    attempts: 2,
    error: { name: 'WorkerDied' },
  });
});

test('stopped, a worker ends what it has in hand, and hands back what takes too long: the attempt does not count', async () => {
  const queue = freshQueue();
  const worker = await running(
    queue,
    [
      handle(
        work,
        ({ n }, { signal }) =>
          new Promise((resolve, reject) => {
            setTimeout(resolve, n);
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
      ),
    ],
    { drainMs: 300 },
  );
  const short = await enqueue(database.db, work, { n: 100 }, { queue });
  const long = await enqueue(database.db, work, { n: 60_000 }, { queue });
  await eventually('both run', async () => worker.running === 2 || undefined);
  await worker.stop();
  assert.equal((await findJob(database.db, short.id))?.state, 'succeeded');
  assert.partialDeepStrictEqual(await findJob(database.db, long.id), { state: 'ready', attempts: 0 });
});

test('who sleeps is called where there is work, and nowhere else', async () => {
  const { db } = database;
  const [empty, full] = [freshQueue(), freshQueue()];
  await enqueue(db, work, { n: 1 }, { queue: full });
  const heard: string[] = [];
  const stop = await db.listen('labwright_jobs', { onMessage: (queue) => heard.push(queue) });
  await wakeOthers(db, [empty, full]);
  await eventually('it is heard', async () => heard.includes(full) || undefined);
  assert.equal(heard.includes(empty), false);
  stop();
});

// As a process that claims and is gone.
const dieWith = command(
  'test.jobs.die_with',
  `WITH dead AS (
     INSERT INTO job_workers (name, queues, alive_until) VALUES ($1, ARRAY[$2::text], clock_timestamp() - interval '1 s') RETURNING id
   )
   UPDATE jobs SET state = 'running', worker = dead.id, attempts = attempts + 1 FROM dead WHERE queue = $2`,
);

const joinDead = rows(
  'test.jobs.join_dead',
  Type.Object({ id: Type.String() }),
  `INSERT INTO job_workers (name, queues, alive_until)
   VALUES ('dead', ARRAY[$1::text], clock_timestamp() - interval '1 s') RETURNING id`,
);
const bury = rows(
  'test.jobs.bury',
  Type.Object({ handed: Type.Integer() }),
  `SELECT bury_job_worker($1, 'silent') AS handed`,
);

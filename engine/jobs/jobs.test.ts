import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import {
  checkStatements,
  createTestDatabase,
  eventually,
  type TestDatabase,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  attemptsOfJob,
  cancelJob,
  createWorker,
  defineTask,
  dropJob,
  enqueue,
  enqueueMany,
  findJob,
  type Handler,
  handle,
  InvalidArgs,
  jobsMigrations,
  listDeadJobs,
  NoRetry,
  pauseQueue,
  RetryAt,
  requeueJob,
  resumeQueue,
  type Transport,
  type Worker,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

let queues = 0;
const freshQueue = () => `queue-${++queues}`;

const work = defineTask({ name: 'work', args: Type.Object({ n: Type.Integer() }), retryDelayMs: 1 });

async function running(
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

const ended = (id: string) =>
  eventually(`job ${id} has ended`, async () => {
    const job = await findJob(database.db, id);
    return job && ['succeeded', 'failed', 'dead', 'cancelled'].includes(job.state) ? job : undefined;
  });

test('every statement can be prepared and answers the columns of its row type', async () => {
  const { checked, faults } = await checkStatements(database.url);
  assert.deepEqual(faults, []);
  assert.ok(checked > 15, String(checked));
});

test('a job is there if and when its transaction commits, and is carried out with its arguments', async () => {
  const queue = freshQueue();
  const seen: number[] = [];
  const worker = await running(queue, [
    handle(work, async ({ n }, { progress }) => {
      seen.push(n);
      progress(0.5, 'half of it');
      return { twice: n * 2 };
    }),
  ]);
  await assert.rejects(
    database.db.transaction(async (tx) => {
      await enqueue(tx, work, { n: 1 }, { queue });
      throw new Error('no');
    }),
  );
  const { id, fresh } = await database.db.transaction((tx) => enqueue(tx, work, { n: 2 }, { queue }));
  assert.equal(fresh, true);
  const job = await ended(id);
  assert.partialDeepStrictEqual(job, { state: 'succeeded', result: { twice: 4 }, attempts: 1, progress: 1 });
  assert.deepEqual(seen, [2]);
  await worker.stop();
});

test('arguments that are not valid are refused with every fault', async () => {
  await assert.rejects(
    enqueue(database.db, work, { n: 'x' } as unknown as { n: number }),
    (error) => error instanceof InvalidArgs && /args\.n must be integer/.test(error.message),
  );
});

test('tried again with its delay, and dead when its attempts are used up; requeued, it begins anew', async () => {
  const queue = freshQueue();
  let broken = true;
  const worker = await running(queue, [
    handle(work, async () => {
      if (broken) throw new TypeError('it is broken');
      return 'mended';
    }),
  ]);
  const { id } = await enqueue(database.db, work, { n: 1 }, { queue, maxAttempts: 3 });
  const job = await ended(id);
  assert.partialDeepStrictEqual(job, {
    state: 'dead',
    attempts: 3,
    error: { name: 'TypeError', message: 'it is broken' },
  });
  assert.match(job.error?.stack ?? '', /jobs\.test\.ts/);
  assert.equal((await attemptsOfJob(database.db, id)).length, 3);
  const [letter] = await listDeadJobs(database.db, queue, { limit: 10 });
  assert.equal(letter?.id, id);
  broken = false;
  assert.equal(await requeueJob(database.db, id), 'ready');
  assert.partialDeepStrictEqual(await ended(id), { state: 'succeeded', attempts: 1, result: 'mended' });
  assert.equal(await requeueJob(database.db, id), undefined);
  assert.equal(await dropJob(database.db, id), true);
  await worker.stop();
});

test('a handler may forbid another try, or name its time', async () => {
  const queue = freshQueue();
  const at = new Date(Date.now() + 300);
  const worker = await running(queue, [
    handle(work, async ({ n }, { attempt }) => {
      if (n === 1) throw new NoRetry('never');
      if (attempt === 1) throw new RetryAt(at, 'later');
    }),
  ]);
  const never = await enqueue(database.db, work, { n: 1 }, { queue });
  const later = await enqueue(database.db, work, { n: 2 }, { queue });
  assert.partialDeepStrictEqual(await ended(never.id), { state: 'failed', attempts: 1 });
  const job = await ended(later.id);
  assert.partialDeepStrictEqual(job, { state: 'succeeded', attempts: 2 });
  assert.ok(Date.parse(job.started_at ?? '') >= at.getTime());
  await worker.stop();
});

test('not before its time; expired ones are cancelled; one for each unique key', async () => {
  const queue = freshQueue();
  const worker = await running(queue, [handle(work, async () => {})]);
  const runAt = new Date(Date.now() + 400);
  const later = await enqueue(database.db, work, { n: 1 }, { queue, runAt, uniqueKey: 'u' });
  const again = await enqueue(database.db, work, { n: 1 }, { queue, uniqueKey: 'u' });
  assert.deepEqual(again, { id: later.id, fresh: false });
  const expired = await enqueue(
    database.db,
    work,
    { n: 2 },
    { queue, runAt, expiresAt: new Date(Date.now() + 1) },
  );
  const job = await ended(later.id);
  assert.ok(Date.parse(job.started_at ?? '') >= runAt.getTime());
  assert.equal((await ended(expired.id)).state, 'cancelled');
  assert.equal((await enqueue(database.db, work, { n: 3 }, { queue, uniqueKey: 'u' })).fresh, true);
  await worker.stop();
});

test('one key, one job, in the order of arrival; other keys go on beside it', async () => {
  const queue = freshQueue();
  const inside = new Map<string, number>();
  const order = new Map<string, number[]>();
  let most = 0;
  let together = 0;
  const handler = handle(work, async ({ n }, { key }) => {
    const name = key ?? '';
    inside.set(name, (inside.get(name) ?? 0) + 1);
    assert.equal(inside.get(name), 1, `two jobs of ${name} at once`);
    together += 1;
    most = Math.max(most, together);
    order.set(name, [...(order.get(name) ?? []), n]);
    await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 3));
    together -= 1;
    inside.set(name, 0);
    if (Math.random() < 0.1) throw new Error('now and then it fails');
  });
  const workers = [await running(queue, [handler]), await running(queue, [handler])];
  const jobs = Array.from({ length: 400 }, (_, n) => ({ args: { n }, key: `key ${n % 8}` }));
  for (let first = 0; first < jobs.length; first += 40)
    await enqueueMany(database.db, work, jobs.slice(first, first + 40), { queue, maxAttempts: 20 });
  await eventually('all are done', async () => (await open(queue)) === 0 || undefined);
  assert.equal(order.size, 8);
  assert.ok(most > 2, `at most ${most} at once`);
  for (const [key, seen] of order) {
    const firsts = seen.filter((n, index) => seen.indexOf(n) === index);
    assert.deepEqual(
      firsts,
      [...firsts].sort((a, b) => a - b),
      key,
    );
    assert.equal(firsts.length, 50);
    // Tried again at once, before the next of its key.
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
      key,
    );
  }
  for (const worker of workers) await worker.stop();
});

const open = async (queue: string) => {
  const found = await database.db.query(openJobs, [queue]);
  return found.length;
};

test('lower priorities go first', async () => {
  const queue = freshQueue();
  const seen: number[] = [];
  for (const [n, priority] of [
    [1, 5],
    [2, 0],
    [3, -5],
    [4, 0],
  ] as const)
    await enqueue(database.db, work, { n }, { queue, priority });
  const worker = await running(queue, [handle(work, async ({ n }) => void seen.push(n))], { concurrency: 1 });
  await eventually('all are done', async () => (await open(queue)) === 0 || undefined);
  assert.deepEqual(seen, [3, 2, 4, 1]);
  await worker.stop();
});

test('cancelled: at once where it waits, by its signal where it runs', async () => {
  const queue = freshQueue();
  await pauseQueue(database.db, queue);
  const waits = await enqueue(database.db, work, { n: 1 }, { queue });
  assert.equal(await cancelJob(database.db, waits.id), 'cancelled');
  assert.equal(await cancelJob(database.db, '999999999'), undefined);
  let told: unknown;
  const worker = await running(queue, [
    handle(
      work,
      (_args, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason;
            reject(new Error('stopped'));
          });
        }),
    ),
  ]);
  const runs = await enqueue(database.db, work, { n: 2 }, { queue });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await findJob(database.db, runs.id))?.state, 'ready', 'a paused queue gives nothing out');
  await resumeQueue(database.db, queue);
  await eventually(
    'it runs',
    async () => (await findJob(database.db, runs.id))?.state === 'running' || undefined,
  );
  assert.equal(await cancelJob(database.db, runs.id), 'running');
  assert.partialDeepStrictEqual(await ended(runs.id), {
    state: 'cancelled',
    error: { name: 'JobCancelled' },
  });
  assert.match(String(told), /it was cancelled/);
  await worker.stop();
});

test('an attempt has its time; it is not begun again before it has really ended', async () => {
  const queue = freshQueue();
  let inside = 0;
  const worker = await running(queue, [
    handle(work, async (_args, { attempt }) => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setTimeout(resolve, attempt === 1 ? 200 : 0));
      inside -= 1;
      if (attempt === 1) throw new Error('it heeds no signal, and fails late');
    }),
  ]);
  const { id } = await enqueue(database.db, work, { n: 1 }, { queue, timeoutMs: 20 });
  assert.partialDeepStrictEqual(await ended(id), { state: 'succeeded', attempts: 2 });
  assert.equal((await attemptsOfJob(database.db, id))[0]?.error.name, 'JobTimeout');
  await worker.stop();
});

/** Gives out one job and no more. */
function once(transport: Transport): Transport {
  let given = false;
  return {
    ...transport,
    claim: async (queue, worker) => {
      if (given) return [];
      const claimed = await transport.claim(queue, worker, 1);
      given = claimed.length > 0;
      return claimed;
    },
  };
}

test('a worker that falls silent: its jobs go to others, it is told before, and nothing that it says is heard', async () => {
  const queue = freshQueue();
  const { db } = database;
  const begun: string[] = [];
  let told = false;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Its beats do not get through, everything else does.
  const deaf = createWorker({
    db: {
      ...db,
      first: (statement, values) =>
        statement.name === 'jobs.workers.beat' ? new Promise(() => {}) : db.first(statement, values),
    },
    transport: once(postgresTransport(db)),
    log: silentLog,
    queues: [queue],
    leaseMs: 600,
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

test('a job that was ready, and not begun before its time was over, is cancelled', async () => {
  const queue = freshQueue();
  const late = await enqueue(database.db, work, { n: 1 }, { queue, expiresAt: new Date(Date.now() - 1) });
  let begun = false;
  const worker = await running(queue, [
    handle(work, async () => {
      begun = true;
    }),
  ]);
  assert.partialDeepStrictEqual(await ended(late.id), {
    state: 'cancelled',
    error: { name: 'JobCancelled' },
  });
  assert.equal(begun, false);
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

const openJobs = rows(
  'test.jobs.open',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE queue = $1 AND state IN ('scheduled', 'waiting', 'ready', 'running', 'retrying')`,
);

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
  'SELECT bury_job_worker($1, true) AS handed',
);

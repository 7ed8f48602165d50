import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import { checkStatements, eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  attemptsOfJob,
  cancelJob,
  defineTask,
  dropJob,
  enqueue,
  enqueueMany,
  findJob,
  handle,
  InvalidArgs,
  listDeadJobs,
  NoRetry,
  pauseQueue,
  RetryAt,
  requeueJob,
  resumeQueue,
  retryDelay,
} from './index.ts';
import { database, ended, freshQueue, openDatabase, running, work } from './testing/open-jobs.ts';
import './transports/rabbitmq/index.ts';

openDatabase();

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

const openJobs = rows(
  'test.jobs.open',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE queue = $1 AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying')`,
);

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

test('what cannot be stored: arguments are refused, a result fails its job and no other, an error loses the character', async () => {
  const queue = freshQueue();
  const { db } = database;
  const text = defineTask({ name: 'text', args: Type.Object({ text: Type.String() }), maxAttempts: 1 });
  await assert.rejects(enqueue(db, text, { text: 'a\0b' }, { queue }), {
    name: 'InvalidArgs',
    message: /args has a character NUL/,
  });
  await assert.rejects(enqueue(db, text, { text: '\ud800' }, { queue }), InvalidArgs);
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const results: Record<string, unknown> = {
    fine: 'a backslash, then u0000: \\u0000',
    nul: { deep: ['\0'] },
    half: '\udc00',
    circle,
    big: 12n,
    date: new RetryAt(new Date(Number.NaN), 'at no time'),
    error: new Error('it says \0 and \ud800'),
  };
  const ids: Record<string, string> = {};
  for (const name of Object.keys(results))
    ids[name] = (await enqueue(db, text, { text: name }, { queue })).id;
  const worker = await running(queue, [
    handle(text, async ({ text: name }) => {
      if (results[name] instanceof Error) throw results[name];
      return results[name];
    }),
  ]);
  const job = async (name: string) => ended(ids[name] ?? '');
  assert.partialDeepStrictEqual(await job('fine'), { state: 'succeeded', result: results.fine });
  for (const name of ['nul', 'half', 'circle', 'big'])
    assert.partialDeepStrictEqual(await job(name), { state: 'failed', error: { name: 'NotStorable' } });
  assert.equal((await job('date')).state, 'dead');
  assert.partialDeepStrictEqual(await job('error'), {
    state: 'dead',
    error: { message: 'it says \ufffd and \ufffd' },
  });
  await worker.stop();
});

test('a task whose settings cannot be kept is refused; a retry comes within a day, whatever the attempt', () => {
  const args = Type.Object({});
  for (const wrong of [
    { queue: 'a#b' },
    { maxAttempts: 0 },
    { retryDelayMs: Number.NaN },
    { timeoutMs: 3e9 },
  ])
    assert.throws(() => defineTask({ name: 'wrong', args, ...wrong }), /The task wrong cannot be: /);
  for (const attempt of [1, 20, 999]) assert.ok(retryDelay(work.settings, attempt) <= 86_400_000);
});

test('a handler that asks for a time long ago or far away: tried at once, or never in our time', async () => {
  const queue = freshQueue();
  const { db } = database;
  const early = await enqueue(db, work, { n: 1 }, { queue });
  const late = await enqueue(db, work, { n: 2 }, { queue });
  const worker = await running(queue, [
    handle(work, async ({ n }, { attempt }) => {
      if (n === 2) throw new RetryAt(new Date(8.64e15), 'far away');
      if (attempt === 1) throw new RetryAt(new Date(-8.64e15), 'long ago');
    }),
  ]);
  assert.partialDeepStrictEqual(await ended(early.id), { state: 'succeeded', attempts: 2 });
  await eventually('it waits', async () => (await findJob(db, late.id))?.state === 'retrying' || undefined);
  assert.equal(await cancelJob(db, late.id), 'cancelled');
  await worker.stop();
});

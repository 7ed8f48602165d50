import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { enqueue, enqueueMany } from '../enqueue.ts';
import type { ClaimedJob } from '../job.ts';
import { cancelJob, findJob, pauseQueue, requeueJob, resumeQueue } from '../manage.ts';
import { joinWorkers, leaveWorkers } from '../store/workers.ts';
import { defineTask } from '../task.ts';
import type { Transport } from '../transport.ts';
import type { Get } from './index.ts';

export const work = defineTask({ name: 'work', args: Type.Object({ n: Type.Integer() }), retryDelayMs: 1 });

const numbers = (jobs: readonly ClaimedJob[]) => jobs.map(({ args }) => (args as { n: number }).n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => ({ args: { n } }));

/** Claims until there are so many: a transport may need a moment. */
async function claimed(
  transport: Transport,
  queue: string,
  worker: string,
  count: number,
  most = count,
): Promise<ClaimedJob[]> {
  const jobs: ClaimedJob[] = [];
  await eventually(
    `${count} jobs are claimed`,
    async () => {
      jobs.push(...(await transport.claim(queue, worker, Math.min(most, count - jobs.length))));
      return jobs.length >= count || undefined;
    },
    20_000,
  );
  return jobs;
}

/** Asks some times, for as long as a job that is not to come would take. */
async function nothingComes(transport: Transport, queue: string, worker: string): Promise<void> {
  for (let look = 0; look < 20; look += 1) {
    assert.deepEqual(await transport.claim(queue, worker, 10), []);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function testClaims(get: Get): void {
  const join = (queue: string) =>
    joinWorkers(get().db, { name: 'test', queues: [queue], repeatable: [], presence: null, leaseMs: 60_000 });

  test('jobs come by priority and age, each once, never more than were asked for', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    await enqueue(db, work, { n: 3 }, { queue, priority: 5 });
    await enqueueMany(db, work, [{ args: { n: 1 } }, { args: { n: 2 } }], { queue });
    const { id } = await enqueue(db, work, { n: 0 }, { queue, priority: -5, timeoutMs: 70 });
    const stop = await carry(queue);
    const transport = open();
    const worker = await join(queue);
    const [first] = await claimed(transport, queue, worker, 1);
    assert.deepEqual(first, {
      id,
      task: 'work',
      args: { n: 0 },
      key: null,
      priority: -5,
      attempts: 1,
      max_attempts: 4,
      timeout_ms: 70,
      trace: null,
      flow: null,
      expired: false,
    });
    assert.partialDeepStrictEqual(await findJob(db, id), { state: 'running', attempts: 1 });
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 3, 2)), [1, 2, 3]);
    await nothingComes(transport, queue, worker);
    await stop();
  });

  test('of many claimers each job goes to one', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    await enqueueMany(db, work, upTo(300), { queue });
    const jobs: number[] = [];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const transport = open();
        const worker = await join(queue);
        await eventually('all are claimed', async () => {
          jobs.push(...numbers(await transport.claim(queue, worker, 7)));
          return jobs.length >= 300 || undefined;
        });
      }),
    );
    assert.deepEqual(
      jobs.sort((a, b) => a - b),
      upTo(300).map(({ args }) => args.n),
    );
    await stop();
  });

  test('a paused queue gives nothing until it is resumed', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const transport = open();
    const worker = await join(queue);
    await enqueueMany(db, work, upTo(3), { queue });
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 1)), [0]);
    await pauseQueue(db, queue);
    await enqueueMany(db, work, [{ args: { n: 3 } }], { queue });
    await nothingComes(transport, queue, worker);
    await resumeQueue(db, queue);
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 3)), [1, 2, 3]);
    await stop();
  });

  test('a job that was cancelled does not come; requeued, it comes once', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const transport = open();
    const worker = await join(queue);
    // The first is claimed, so the second has gone as far as it goes.
    await enqueueMany(db, work, upTo(1), { queue });
    const { id } = await enqueue(db, work, { n: 1 }, { queue });
    await claimed(transport, queue, worker, 1);
    assert.equal(await cancelJob(db, id), 'cancelled');
    await enqueueMany(db, work, [{ args: { n: 2 } }], { queue });
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 1)), [2]);
    await requeueJob(db, id);
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 1)), [1]);
    await nothingComes(transport, queue, worker);
    await stop();
  });

  test('who is not on record as a worker gets nothing, and keeps it from nobody', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const [one, other] = [open(), open()];
    const buried = await join(queue);
    await leaveWorkers(db, buried);
    await enqueueMany(db, work, upTo(5), { queue });
    await nothingComes(one, queue, buried);
    const worker = await join(queue);
    // As a worker that joins anew after it was fenced off.
    const jobs = await claimed(one, queue, worker, 5);
    assert.equal(jobs.length, 5);
    await leaveWorkers(db, worker);
    const another = await join(queue);
    const again = await claimed(other, queue, another, 5);
    assert.deepEqual(numbers(again).sort(), [0, 1, 2, 3, 4]);
    await stop();
  });

  test('whoever sleeps is woken by a commit', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const transport = open();
    const worker = await join(queue);
    const woken = Promise.withResolvers<string | null>();
    const end = await transport.listen((where) => {
      if (where === queue) woken.resolve(where);
    });
    await nothingComes(transport, queue, worker);
    await transport.sleeps([queue], true);
    await db.transaction(async (tx) => {
      await enqueue(tx, work, { n: 0 }, { queue });
    });
    assert.equal(await woken.promise, queue);
    assert.deepEqual(numbers(await claimed(transport, queue, worker, 1)), [0]);
    end();
    await stop();
  });

  test('a job whose time was over before it was claimed says so', async () => {
    const { db, open, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    await enqueue(db, work, { n: 0 }, { queue, expiresAt: new Date(Date.now() - 1_000) });
    const [job] = await claimed(open(), queue, await join(queue), 1);
    assert.equal(job?.expired, true);
    await stop();
  });
}

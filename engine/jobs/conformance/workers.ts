import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { eventually } from '@labwright/kernel/testing';
import { enqueue, enqueueMany } from '../enqueue.ts';
import { attemptsOfJob, cancelJob, findJob } from '../manage.ts';
import { once } from '../testing/once.ts';
import type { Transport } from '../transport.ts';
import { handle, type JobContext } from '../worker/handler.ts';
import { createWorker, type Worker } from '../worker/worker.ts';
import { work } from './claims.ts';
import type { Get } from './index.ts';

export function testWorkers(get: Get): void {
  const start = async (
    queue: string,
    run: (args: { n: number }, context: JobContext) => Promise<unknown>,
    more: { concurrency?: number; leaseMs?: number; db?: Db; transport?: Transport } = {},
  ): Promise<Worker> => {
    const { db, open } = get();
    const worker = createWorker({
      db,
      transport: open(),
      log: silentLog,
      queues: [queue],
      handlers: [handle(work, run)],
      leaseMs: 2_000,
      drainMs: 1_000,
      ...more,
    });
    await worker.start();
    return worker;
  };
  const state = (id: string, wanted: string) =>
    eventually(`job ${id} is ${wanted}`, async () => {
      const job = await findJob(get().db, id);
      return job?.state === wanted ? job : undefined;
    });

  test('of a key one runs at a time, in the order of arrival, whichever worker ends the one before', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const keys = ['a', 'b', 'c'].map((letter) => `${queue} ${letter}`);
    const done = new Map<string, number[]>(keys.map((key) => [key, []]));
    const holders = new Set<string>();
    const run = async ({ n }: { n: number }, { key }: JobContext) => {
      assert.ok(key);
      assert.ok(!holders.has(key), 'two jobs of a key at once');
      holders.add(key);
      await new Promise((resolve) => setTimeout(resolve, n % 4));
      holders.delete(key);
      done.get(key)?.push(n);
    };
    const workers = [await start(queue, run), await start(queue, run)];
    for (let first = 0; first < 60; first += 20)
      await enqueueMany(
        db,
        work,
        Array.from({ length: 60 }, (_, index) => ({
          args: { n: first + Math.floor(index / 3) },
          key: keys[index % 3] ?? '',
        })),
        { queue },
      );
    await eventually('all are done', async () =>
      [...done.values()].every((list) => list.length === 60) ? true : undefined,
    );
    for (const list of done.values())
      assert.deepEqual(
        list,
        Array.from({ length: 60 }, (_, n) => n),
      );
    for (const worker of workers) await worker.stop();
    await stop();
  });

  test('a key does not keep a worker to itself: others take their turn', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const begun: string[] = [];
    await enqueue(db, work, { n: 0 }, { queue, key: queue });
    const worker = await start(
      queue,
      async (_args, context) => {
        begun.push(context.id);
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
      { concurrency: 1 },
    );
    await eventually('the first of the key runs', async () => begun.length > 0 || undefined);
    const { id } = await enqueue(db, work, { n: 1 }, { queue });
    const behind = Array.from({ length: 29 }, (_, n) => ({ args: { n }, key: queue }));
    await enqueueMany(db, work, behind, { queue });
    await eventually('all are done', async () => begun.length === 31 || undefined);
    assert.ok(begun.indexOf(id) < 20, `the other one was begun as number ${begun.indexOf(id)}`);
    await worker.stop();
    await stop();
  });

  test('never more at once than its concurrency, and a busy worker keeps nothing from an idle one', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    let busy = 0;
    let most = 0;
    const release = Promise.withResolvers<void>();
    const one = await start(
      queue,
      async () => {
        busy += 1;
        most = Math.max(most, busy);
        await release.promise;
        busy -= 1;
      },
      { concurrency: 2 },
    );
    await enqueueMany(
      db,
      work,
      Array.from({ length: 12 }, (_, n) => ({ args: { n } })),
      { queue },
    );
    await eventually('it has what it may', async () => busy === 2 || undefined);
    let others = 0;
    const other = await start(queue, async () => {
      others += 1;
    });
    await eventually('the other one has done the rest', async () => others === 10 || undefined, 20_000);
    assert.equal(most, 2);
    release.resolve();
    await Promise.all([one.stop(), other.stop()]);
    await stop();
  });

  test('an attempt that fails is followed by another; a running job is told that it is cancelled', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const worker = await start(
      queue,
      async ({ n }, { attempt, signal }) => {
        if (n === 0 && attempt === 1) throw new Error('the first try fails');
        if (n === 1) await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
      },
      { leaseMs: 600 },
    );
    const tried = await enqueue(db, work, { n: 0 }, { queue, key: `${queue} tried` });
    const cancelled = await enqueue(db, work, { n: 1 }, { queue, key: `${queue} cancelled` });
    const next = await enqueue(db, work, { n: 2 }, { queue, key: `${queue} cancelled` });
    assert.equal((await state(tried.id, 'succeeded')).attempts, 2);
    await state(cancelled.id, 'running');
    assert.equal(await cancelJob(db, cancelled.id), 'running');
    await state(cancelled.id, 'cancelled');
    await state(next.id, 'succeeded');
    await worker.stop();
    await stop();
  });

  test('not before its time; not at all where its time is over', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const begun: number[] = [];
    const runAt = new Date(Date.now() + 400);
    const later = await enqueue(db, work, { n: 0 }, { queue, runAt });
    const never = await enqueue(db, work, { n: 1 }, { queue, expiresAt: new Date(Date.now() - 1) });
    const worker = await start(queue, async ({ n }) => {
      begun.push(n);
      if (n === 0) assert.ok(Date.now() >= runAt.getTime() - 50);
    });
    await state(later.id, 'succeeded');
    await state(never.id, 'cancelled');
    assert.deepEqual(begun, [0]);
    await worker.stop();
    await stop();
  });

  test('a worker that falls silent: its jobs go to another, and nothing that it says is heard', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const stop = await carry(queue);
    const release = Promise.withResolvers<void>();
    let begun = false;
    let told = false;
    // Once it has the job its beats do not get through, everything else does.
    const deafDb: Db = {
      ...db,
      first: (statement, values) =>
        statement.name === 'jobs.workers.beat' && begun ? new Promise(() => {}) : db.first(statement, values),
    };
    const { id } = await enqueue(db, work, { n: 1 }, { queue, key: queue });
    const deaf = await start(
      queue,
      async (_args, { signal }) => {
        begun = true;
        signal.addEventListener('abort', () => {
          told = true;
        });
        await release.promise;
        return 'from the dead';
      },
      { db: deafDb, leaseMs: 2_000, concurrency: 1, transport: once(get().open()) },
    );
    await state(id, 'running');
    const other = await start(queue, async () => {
      assert.ok(told, 'another one begins before the first was told');
      return 'from the living';
    });
    assert.partialDeepStrictEqual(await state(id, 'succeeded'), { result: 'from the living', attempts: 2 });
    release.resolve();
    assert.partialDeepStrictEqual(await attemptsOfJob(db, id), [
      { attempt: 1, error: { name: 'WorkerDied' } },
    ]);
    await Promise.all([other.stop(), deaf.handBack().then(() => deaf.stop())]);
    assert.equal((await findJob(db, id))?.result, 'from the living');
    await stop();
  });
}

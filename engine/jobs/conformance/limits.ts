import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { enqueueMany } from '../enqueue.ts';
import { limitQueue, limitTask, unlimitQueue, unlimitTask } from '../limits/limits.ts';
import { withinBucket } from '../limits/testing/bucket.ts';
import { defineTask } from '../task.ts';
import { handle } from '../worker/handler.ts';
import { createWorker } from '../worker/worker.ts';
import type { Get } from './index.ts';

const paced = defineTask({ name: 'paced', args: Type.Object({}) });
const other = defineTask({ name: 'other', args: Type.Object({}) });

// In milliseconds.
const startsOf = rows(
  'test.conformance.starts',
  Type.Object({ task: Type.String(), at: Type.Number() }),
  `SELECT task, extract(epoch FROM started_at)::float8 * 1000 AS at FROM jobs WHERE queue = $1 AND state = 'succeeded'`,
);
const some = (length: number, more = {}) => Array.from({ length }, () => ({ args: {}, ...more }));

/** What a rate means is the same, whichever way jobs come to their workers. */
export function testLimits(get: Get): void {
  const start = async (queue: string) => {
    const { db, open } = get();
    const worker = createWorker({
      db,
      transport: open(),
      log: silentLog,
      queues: [queue],
      handlers: [handle(paced, async () => {}), handle(other, async () => {})],
    });
    await worker.start();
    return worker;
  };
  const succeeded = (queue: string, count: number, task?: string) =>
    eventually(
      `${count} jobs have succeeded`,
      async () => {
        const starts = await get().db.query(startsOf, [queue]);
        return starts.filter((one) => !task || one.task === task).length >= count ? starts : undefined;
      },
      20_000,
    );

  test('a limited queue never exceeds its rate, with and without keys, also where workers come late', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    const rate = { limit: 60, perMs: 1_000, burst: 10 };
    await limitQueue(db, queue, rate);
    const stop = await carry(queue);
    await enqueueMany(db, paced, some(30), { queue });
    const workers = [await start(queue)];
    await succeeded(queue, 5);
    await enqueueMany(db, paced, [...some(20, { key: queue }), ...some(20)], { queue });
    workers.push(await start(queue));
    const starts = await succeeded(queue, 70);
    withinBucket(
      starts.map(({ at }) => at),
      rate,
    );
    // Lifted while they work.
    await unlimitQueue(db, queue);
    await enqueueMany(db, paced, some(20), { queue });
    await succeeded(queue, 90);
    for (const worker of workers) await worker.stop();
    await stop();
  });

  test('a limited task never exceeds its rate, and the others of its queue do not wait for it', async () => {
    const { db, carry } = get();
    const queue = randomUUID();
    await limitTask(db, paced.name, { limit: 1, perMs: 3_600_000, burst: 4 });
    const stop = await carry(queue);
    await enqueueMany(db, paced, some(60), { queue });
    await enqueueMany(db, other, some(100), { queue });
    const workers = [await start(queue), await start(queue)];
    await succeeded(queue, 100, other.name);
    await enqueueMany(db, paced, some(20), { queue });
    await enqueueMany(db, other, some(20), { queue });
    await succeeded(queue, 120, other.name);
    const starts = await succeeded(queue, 4, paced.name);
    assert.equal(starts.filter(({ task }) => task === paced.name).length, 4);
    const faster = { limit: 100, perMs: 1_000, burst: 5 };
    await limitTask(db, paced.name, faster);
    const all = await succeeded(queue, 80, paced.name);
    const later = all
      .filter(({ task }) => task === paced.name)
      .map(({ at }) => at)
      .sort((a, b) => a - b);
    withinBucket(later.slice(4), faster);
    await unlimitTask(db, paced.name);
    await enqueueMany(db, paced, some(10), { queue });
    await succeeded(queue, 90, paced.name);
    for (const worker of workers) await worker.stop();
    await stop();
  });
}

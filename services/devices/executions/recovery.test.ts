import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Driver } from '@labwright/driver-kit';
import { eventually } from '@labwright/kernel/testing';
import {
  type ExecutionBench,
  executionBench,
  type FullRow,
  type Process,
} from './testing/execution-bench.ts';
import { livingOn } from './testing/living.ts';

let bench: ExecutionBench;
before(async () => {
  bench = await executionBench();
});
after(() => bench.close());

const living = livingOn(() => bench);
const { newName, successor } = living;
afterEach(living.stopAll);

/** A driver whose owner never hears of it again: as if the process had been killed after it sent the order. */
const deaf = (driver: Driver): Driver => ({
  ...driver,
  execute: (command, options) => {
    driver.execute(command, options).catch(() => {});
    return new Promise(() => {});
  },
  close: () => new Promise(() => {}),
});

/** One whose orders never leave it. */
const mute = (driver: Driver): Driver => ({ ...driver, execute: () => new Promise(() => {}) });

/** Puts an execution on record, and has it in hand in a process that then dies. */
async function leftBehind(options: { operation?: string; spoil?: (driver: Driver) => Driver } = {}) {
  const device = await bench.device();
  const dead = await bench.process({
    runner: newName('dead'),
    worker: false,
    start: false,
    spoil: options.spoil ?? deaf,
  });
  const execution_id = newName('execution');
  const request = {
    device_id: device.id,
    workflow_id: 'w1',
    operation: options.operation ?? 'mix',
    parameters: {},
    execution_id,
    wait_seconds: 0,
  };
  await dead.executions.execute(request);
  await bench.carryOutAsDead(dead, execution_id);
  await eventually('it is in hand', async () => (await bench.row(execution_id)).drives === 1 || undefined);
  return { ...device, request, execution_id };
}

async function outcome(
  process: Process,
  { request }: Awaited<ReturnType<typeof leftBehind>>,
): Promise<FullRow> {
  await process.executions.execute({ ...request, wait_seconds: 30 });
  return bench.row(request.execution_id);
}

test('a process dies: while its lease holds nobody takes over', async () => {
  const left = await leftBehind();
  await left.instrument.movements(1);
  const other = await living.start({ runner: newName('other') });
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce();
  await other.executions.execute({
    ...left.request,
    device_id: id,
    execution_id: newName('execution'),
    wait_seconds: 30,
  });
  assert.equal((await bench.row(left.execution_id)).drives, 1);
  left.instrument.finish();
  await bench.buryTheDead();
  assert.equal((await outcome(other, left)).drives, 2);
});

test('it still runs: the next process follows it to its end, and it moved once', async () => {
  const left = await leftBehind();
  await left.instrument.movements(1);
  const next = await successor();
  await next.following;
  left.instrument.finish();
  const row = await outcome(next, left);
  assert.deepEqual([row.status, row.result], ['succeeded', { moved: true }]);
  assert.ok((row.duration_ms ?? -1) >= 0);
  assert.equal(left.instrument.moved.length, 1);
  assert.equal((await bench.events(left.id)).length, 1);
});

test('it ended meanwhile: the outcome is asked for, and when it ended is not known', async () => {
  const left = await leftBehind();
  await left.instrument.movements(1);
  left.instrument.finish({ status: 'failed', error: { code: 'clogged_tip', message: 'Tip 3.' } });
  const row = await outcome(await successor(), left);
  assert.deepEqual([row.status, row.error?.code, row.duration_ms], ['failed', 'clogged_tip', null]);
});

test('it never began: begun now, under the same booking', async () => {
  const left = await leftBehind({ spoil: mute });
  left.instrument.finishAtOnce();
  const row = await outcome(await successor(), left);
  assert.equal(row.status, 'succeeded');
  assert.equal(left.instrument.moved[0]?.fencing_token, row.fencing_token);
  assert.equal(left.instrument.moved.length, 1);
});

test('it never began, and the booking is another one by now: nothing is begun', async () => {
  const left = await leftBehind({ spoil: mute });
  await bench.db.raw(`
    UPDATE device_bookings SET status = 'released', released_at = now() WHERE device_id = '${left.id}';
    UPDATE devices SET status = 'available' WHERE id = '${left.id}'`);
  await bench.book(left.id, 'w1');
  const row = await outcome(await successor(), left);
  assert.deepEqual([row.status, row.error?.code], ['failed', 'not_started']);
  assert.match(row.error?.message ?? '', /booking .* is over/);
  assert.equal(left.instrument.moved.length, 0);
});

test('it never began, and the device is paused by now: nothing is begun', async () => {
  const left = await leftBehind({ spoil: mute });
  await bench.db.raw(`UPDATE devices SET paused = true WHERE id = '${left.id}'`);
  const row = await outcome(await successor(), left);
  assert.deepEqual([row.status, row.error?.code], ['failed', 'not_started']);
  assert.match(row.error?.message ?? '', /paused/);
});

test('nobody knows: unknown, never repeated; safe to repeat: repeated under the same record', async () => {
  const mixed = await leftBehind();
  const scanned = await leftBehind({ operation: 'scan' });
  await Promise.all([mixed.instrument.movements(1), scanned.instrument.movements(1)]);
  mixed.instrument.trouble.forgets = true;
  // The record of the scan is lost, and what is done anew is seen.
  scanned.instrument.finish();
  scanned.instrument.finishAtOnce();
  const next = await successor((driver) => ({
    ...driver,
    inquire: async (id) =>
      id === scanned.execution_id ? { status: 'unknown', reason: 'it was switched off' } : driver.inquire(id),
  }));
  const open = await outcome(next, mixed);
  assert.deepEqual([open.status, open.error?.code], ['unknown', 'outcome_unknown']);
  assert.equal(mixed.instrument.moved.length, 1);
  const again = await outcome(next, scanned);
  assert.equal(again.status, 'succeeded');
  assert.equal(scanned.instrument.moved.length, 2);
  assert.deepEqual((await bench.events(scanned.id)).length, 1);
});

test('two processes start at once: one of them takes over', async () => {
  const left = await leftBehind();
  await left.instrument.movements(1);
  await bench.buryTheDead();
  const both = await Promise.all(['a', 'b'].map((name) => living.start({ runner: newName(name) })));
  left.instrument.finish();
  const answers = await Promise.all(
    both.map((process) => process.executions.execute({ ...left.request, wait_seconds: 30 })),
  );
  assert.deepEqual(answers[0], answers[1]);
  assert.equal(answers[0]?.status, 'succeeded');
  assert.equal((await bench.events(left.id)).length, 1);
});

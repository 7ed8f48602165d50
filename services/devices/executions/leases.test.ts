import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { isProblem } from '@labwright/kernel/errors';
import { type ExecutionBench, executionBench } from './testing/execution-bench.ts';
import { livingOn } from './testing/living.ts';

let bench: ExecutionBench;
before(async () => {
  bench = await executionBench();
});
after(() => bench.close());

const living = livingOn(() => bench);
const { newName } = living;
afterEach(living.stopAll);

/** Waits for what follows by itself, without time. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('while it runs its lease is renewed', async () => {
  const device = await bench.device();
  const process = await living.ticking('renewing');
  const execution_id = newName('execution');
  await process.executions.execute({
    device_id: device.id,
    workflow_id: 'w1',
    operation: 'mix',
    parameters: {},
    execution_id,
    wait_seconds: 0,
  });
  await device.instrument.movements(1);
  await bench.expireLeases();
  await process.beats(3);
  assert.equal((await bench.row(execution_id)).leased, true);
  device.instrument.finish();
  await process.executions.execute({
    device_id: device.id,
    workflow_id: 'w1',
    operation: 'mix',
    parameters: {},
    execution_id,
    wait_seconds: 30,
  });
  await living.stop(process, process.clock);
  assert.equal((await bench.row(execution_id)).status, 'succeeded');
});

test('a process whose execution was taken over notices and lets go: the instrument goes on', async () => {
  const device = await bench.device();
  const slow = await living.ticking('slow');
  const request = {
    device_id: device.id,
    workflow_id: 'w1',
    operation: 'mix',
    parameters: {},
    execution_id: newName('execution'),
  };
  await slow.executions.execute({ ...request, wait_seconds: 0 });
  await device.instrument.movements(1);
  const next = await living.successor();
  assert.match((await bench.row(request.execution_id)).runner ?? '', /^successor/);
  await next.following;
  assert.equal(device.instrument.lines, 2);
  await slow.beats(2);
  await until(() => device.instrument.lines === 1);
  const ended = next.executions.execute({ ...request, wait_seconds: 30 });
  device.instrument.finish();
  assert.equal((await ended).status, 'succeeded');
  assert.equal(device.instrument.moved.length, 1);
});

test('the database is away: it lets go before the lease can run out, and takes up again when it is back', async () => {
  const device = await bench.device();
  const process = await living.ticking('cut-off');
  const execution_id = newName('execution');
  const request = { device_id: device.id, workflow_id: 'w1', operation: 'mix', parameters: {}, execution_id };
  await process.executions.execute({ ...request, wait_seconds: 0 });
  await device.instrument.movements(1);
  process.database.away = true;
  await process.beats(3);
  assert.equal(device.instrument.lines, 1);
  await process.beats(1);
  // Two thirds of the lease are over: the driver is closed, the instrument still moves.
  await until(() => device.instrument.lines === 0);
  process.database.away = false;
  await bench.expireLeases();
  await process.beats(2);
  await until(() => device.instrument.lines === 1);
  device.instrument.finish();
  const answer = await process.executions.execute({ ...request, wait_seconds: 30 });
  assert.equal(answer.status, 'succeeded');
  assert.equal(device.instrument.moved.length, 1);
});

test('stop waits for what ends in time, and begins nothing new', async () => {
  const device = await bench.device();
  const process = await living.start({ runner: newName('stopping') });
  const request = { device_id: device.id, workflow_id: 'w1', operation: 'mix', parameters: {} };
  const execution_id = newName('execution');
  await process.executions.execute({ ...request, execution_id, wait_seconds: 0 });
  await device.instrument.movements(1);
  const stopped = process.executions.stop();
  await assert.rejects(
    process.executions.execute({ ...request, execution_id: newName('late'), wait_seconds: 0 }),
    (error) => isProblem(error, 'overloaded'),
  );
  device.instrument.finish();
  await stopped;
  assert.equal((await bench.row(execution_id)).status, 'succeeded');
  assert.equal(device.instrument.lines, 0);
  await process.executions.stop();
});

test('stop leaves a long operation to the next process, which takes over at once', async () => {
  const device = await bench.device();
  const process = await living.ticking('stopping');
  const request = { device_id: device.id, workflow_id: 'w1', operation: 'mix', parameters: {} };
  const execution_id = newName('execution');
  await process.executions.execute({ ...request, execution_id, wait_seconds: 0 });
  await device.instrument.movements(1);
  const waiter = process.executions.execute({ ...request, execution_id, wait_seconds: 60 });
  const stopped = living.stop(process, process.clock);
  assert.equal((await waiter).status, 'running');
  await stopped;
  const row = await bench.row(execution_id);
  assert.deepEqual([row.status, row.leased, device.instrument.lines], ['running', false, 0]);
  const next = await living.start({ runner: newName('next') });
  assert.match((await bench.row(execution_id)).runner ?? '', /^next/);
  device.instrument.finish();
  const answer = await next.executions.execute({ ...request, execution_id, wait_seconds: 30 });
  assert.equal(answer.status, 'succeeded');
  assert.equal(device.instrument.moved.length, 1);
});

test('drivers: one a device, kept; reopened when the settings have changed; closed when the device is gone', async () => {
  const device = await bench.device();
  device.instrument.finishAtOnce();
  const process = await living.ticking('drivers');
  const execute = () =>
    process.executions.execute({
      device_id: device.id,
      workflow_id: 'w1',
      operation: 'mix',
      parameters: {},
      execution_id: newName('execution'),
      wait_seconds: 30,
    });
  await execute();
  await execute();
  assert.equal(device.instrument.opened, 1);
  await bench.db.raw(`UPDATE devices SET settings = '{"port": "b"}' WHERE id = '${device.id}'`);
  await execute();
  assert.deepEqual([device.instrument.opened, device.instrument.lines], [2, 1]);
  await bench.db.raw(`UPDATE devices SET settings = '{"port": "c"}' WHERE id = '${device.id}'`);
  await process.beats(2);
  await until(() => device.instrument.lines === 0);
  await execute();
  assert.equal(device.instrument.opened, 3);
  await bench.db.raw(`UPDATE devices SET deleted_at = now() WHERE id = '${device.id}'`);
  await process.beats(2);
  await until(() => device.instrument.lines === 0);
});

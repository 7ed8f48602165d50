import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { isProblem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { cutOff } from './testing/cut-off.ts';
import { type ExecutionBench, executionBench } from './testing/execution-bench.ts';
import { livingOn } from './testing/living.ts';

let bench: ExecutionBench;
before(async () => {
  bench = await executionBench();
});
after(() => bench.close());

const living = livingOn(() => bench);
const { mixing, newName } = living;
afterEach(living.stopAll);

/** Short enough for a test to see the end of it, long enough for a machine full of tests. */
const leaseMs = 1_500;

const holderOf = rows(
  'test.leases.holder',
  Type.Object({ worker: Type.String(), alive_until: Type.String() }),
  `SELECT j.worker::text AS worker, w.alive_until FROM jobs j JOIN job_workers w ON w.id = j.worker
   WHERE j.args->>'execution_id' = $1`,
);

test('while it runs the lease of its process is renewed, and nobody takes over', async () => {
  const { instrument, execution_id, request } = await mixing();
  const process = await living.start({ runner: newName('renewing'), settings: { leaseMs } });
  await process.executions.execute(request);
  await instrument.movements(1);
  await living.start({ runner: newName('other') });
  const first = await bench.db.first(holderOf, [execution_id]);
  await eventually('the lease was renewed several times', async () => {
    const now = await bench.db.first(holderOf, [execution_id]);
    assert.equal(now?.worker, first?.worker);
    return Date.parse(now?.alive_until ?? '') > Date.parse(first?.alive_until ?? '') + leaseMs || undefined;
  });
  instrument.finish();
  assert.equal((await process.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal((await bench.row(execution_id)).drives, 1);
});

test('a process that is taken for dead lets go before another takes over: the instrument goes on', async () => {
  const { instrument, execution_id, request } = await mixing();
  const { db, cut } = cutOff(bench.db);
  const slow = await living.start({ runner: newName('slow'), db, settings: { leaseMs } });
  await slow.executions.execute(request);
  await instrument.movements(1);
  cut.beats = true;
  await eventually('it let go', async () => instrument.lines === 0 || undefined);
  assert.equal((await bench.row(execution_id)).drives, 1);
  const next = await living.start({ runner: newName('next') });
  await eventually('it was taken over', async () => (await bench.row(execution_id)).drives > 1 || undefined);
  instrument.finish();
  assert.equal((await next.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal(instrument.moved.length, 1);
  assert.equal((await bench.events(request.device_id)).length, 1);
});

test('the database is away: it lets go before the lease can run out, and takes up again when it is back', async () => {
  const { instrument, request } = await mixing();
  const { db, cut } = cutOff(bench.db);
  const process = await living.start({ runner: newName('cut-off'), db, settings: { leaseMs } });
  await process.executions.execute(request);
  await instrument.movements(1);
  cut.all = true;
  await eventually('it let go', async () => instrument.lines === 0 || undefined);
  cut.all = false;
  await eventually('it took it up again', async () => instrument.lines === 1 || undefined);
  instrument.finish();
  assert.equal((await process.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal(instrument.moved.length, 1);
});

test('an outcome that comes while the database is away is recorded when it is back', async () => {
  const { id, instrument, request } = await mixing();
  const { db, cut } = cutOff(bench.db);
  const process = await living.start({ runner: newName('cut-off'), db });
  await process.executions.execute(request);
  await instrument.movements(1);
  cut.all = true;
  instrument.finish();
  await eventually(
    'it could not be recorded',
    async () => cut.refused.some((name) => name === 'transaction') || undefined,
  );
  cut.all = false;
  assert.equal((await process.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal((await bench.events(id)).length, 1);
});

test('stop waits for what ends in time, and begins nothing new', async () => {
  const { instrument, execution_id, request } = await mixing();
  const process = await living.start({ runner: newName('stopping'), settings: { drainMs: 30_000 } });
  await process.executions.execute(request);
  await instrument.movements(1);
  const stopped = process.executions.stop();
  await assert.rejects(process.executions.execute({ ...request, execution_id: newName('late') }), (error) =>
    isProblem(error, 'overloaded'),
  );
  instrument.finish();
  await stopped;
  assert.equal((await bench.row(execution_id)).status, 'succeeded');
  assert.equal(instrument.lines, 0);
  await process.executions.stop();
});

test('stop leaves a long operation to the next process, which asks at once and does not begin anew', async () => {
  const { instrument, execution_id, request } = await mixing();
  const process = await living.start({ runner: newName('stopping') });
  await process.executions.execute(request);
  await instrument.movements(1);
  const waiter = process.executions.execute({ ...request, wait_seconds: 60 });
  await process.executions.stop();
  assert.equal((await waiter).status, 'running');
  assert.deepEqual([(await bench.row(execution_id)).status, instrument.lines], ['running', 0]);
  let asked = 0;
  let sent = 0;
  const next = await living.start({
    runner: newName('next'),
    spoil: (driver) => ({
      ...driver,
      execute: (...args) => {
        sent += 1;
        return driver.execute(...args);
      },
      inquire: (id) => {
        asked += 1;
        return driver.inquire(id);
      },
    }),
  });
  await eventually('it was taken over', async () => asked + sent > 0 || undefined);
  assert.equal(sent, 0);
  instrument.finish();
  assert.equal((await next.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal(instrument.moved.length, 1);
});

test('drivers: one a device, kept; reopened when the settings have changed; closed when the device is gone', async () => {
  const { id, instrument, request } = await mixing(30);
  instrument.finishAtOnce();
  const process = await living.start({ runner: newName('drivers') });
  const execute = () => process.executions.execute({ ...request, execution_id: newName('execution') });
  await execute();
  await execute();
  assert.equal(instrument.opened, 1);
  await bench.db.raw(`UPDATE devices SET settings = '{"port": "c"}' WHERE id = '${id}'`);
  await eventually('the driver is closed', async () => instrument.lines === 0 || undefined);
  await execute();
  assert.equal(instrument.opened, 2);
  await bench.db.raw(`UPDATE devices SET deleted_at = now() WHERE id = '${id}'`);
  await eventually('the driver is closed', async () => instrument.lines === 0 || undefined);
});

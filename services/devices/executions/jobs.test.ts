/** What follows from it that operations are jobs: of their workers, of their database, of people who touch either. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { cancelJob } from '@labwright/jobs';
import { migrate } from '@labwright/kernel/migrate';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { devicesMigrations } from '../index.ts';
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

const jobOf = rows(
  'test.drives.job_of',
  Type.Object({
    id: Type.String(),
    queue: Type.String(),
    key: Type.String(),
    state: Type.String(),
    attempts: Type.Integer(),
  }),
  `SELECT id, queue, key, state, attempts FROM jobs WHERE args->>'execution_id' = $1 ORDER BY id DESC LIMIT 1`,
);
const dropJobs = command('test.drives.drop_jobs', `DELETE FROM jobs WHERE args->>'execution_id' = $1`);
const wearOut = command(
  'test.drives.wear_out',
  `UPDATE jobs SET attempts = 10 WHERE args->>'execution_id' = $1`,
);

test('a process without a worker only asks; a worker of the type carries it out and tells', async () => {
  const front = await living.start({
    runner: newName('front'),
    worker: false,
    settings: { feedPollMs: 60_000, repairMs: 60_000 },
  });
  const { id, instrument, execution_id, request } = await mixing(60);
  instrument.finishAtOnce();
  const asked = front.executions.execute(request);
  const job = await eventually('it has a job', () => bench.db.first(jobOf, [execution_id]));
  assert.partialDeepStrictEqual(job, { queue: 'device.mixer', key: `device ${id}`, state: 'waiting' });
  await living.start({ runner: newName('worker') });
  const started = performance.now();
  assert.equal((await asked).status, 'succeeded');
  assert.ok(performance.now() - started < 30_000, 'it was not told, and looked');
  assert.equal((await bench.db.first(jobOf, [execution_id]))?.state, 'succeeded');
});

test('what nobody has begun can be stopped though no worker is there; nothing moves then or later', async () => {
  const front = await living.start({ runner: newName('front'), worker: false });
  const { id, instrument, execution_id, request } = await mixing();
  await front.executions.execute(request);
  await assert.rejects(bench.release(id, 'w1'), { code: 'device_operating' });
  const { status, body } = await front.post(`/devices/${id}/abort`, { reason: 'enough' });
  assert.deepEqual([status, body.execution.status, body.execution.error?.code], [200, 'failed', 'aborted']);
  assert.match(body.execution.error?.message ?? '', /before it began: enough/);
  await bench.release(id, 'w1');
  assert.equal((await bench.events(id)).length, 1);
  await living.start({ runner: newName('worker') });
  await eventually('its job is over', async () =>
    (await bench.db.first(jobOf, [execution_id]))?.state === 'succeeded' ? true : undefined,
  );
  assert.equal(instrument.moved.length, 0);
});

test('a pause that comes before it is begun: nothing is begun', async () => {
  const front = await living.start({ runner: newName('front'), worker: false });
  const { id, instrument, request } = await mixing();
  await front.executions.execute(request);
  await bench.db.raw(`UPDATE devices SET paused = true WHERE id = '${id}'`);
  await living.start({ runner: newName('worker') });
  const { status, error } = await front.executions.execute({ ...request, wait_seconds: 30 });
  assert.deepEqual([status, error?.code, instrument.moved.length], ['failed', 'not_started', 0]);
});

test('whoever cancels the job stops the movement', async () => {
  const process = await living.start({ runner: newName('process'), settings: { leaseMs: 1_500 } });
  const { instrument, execution_id, request } = await mixing();
  await process.executions.execute(request);
  await instrument.movements(1);
  const job = await bench.db.first(jobOf, [execution_id]);
  await cancelJob(bench.db, job?.id ?? '');
  const { status, error } = await process.executions.execute({ ...request, wait_seconds: 30 });
  assert.deepEqual([status, error?.code], ['failed', 'aborted']);
});

test('a job that somebody deleted is made again, and asks first', async () => {
  const front = await living.start({ runner: newName('front'), worker: false });
  const { instrument, execution_id, request } = await mixing();
  await front.executions.execute(request);
  await bench.carryOutAsDead(front, execution_id);
  await instrument.movements(1);
  await bench.db.execute(dropJobs, [execution_id]);
  await living.start({ runner: newName('worker') });
  await eventually(
    'it was taken over',
    async () => (await bench.row(execution_id)).drives === 2 || undefined,
  );
  instrument.finish();
  assert.equal((await front.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal(instrument.moved.length, 1);
});

test('an execution of which one worker after the other dies ends: nobody knows, and nobody asks any more', async () => {
  const front = await living.start({ runner: newName('front'), worker: false });
  const { id, instrument, execution_id, request } = await mixing();
  await front.executions.execute(request);
  await bench.carryOutAsDead(front, execution_id);
  await instrument.movements(1);
  await bench.db.execute(wearOut, [execution_id]);
  await bench.buryTheDead();
  const worker = await living.start({ runner: newName('worker') });
  const { status, error } = await worker.executions.execute({ ...request, wait_seconds: 30 });
  assert.deepEqual([status, error?.code], ['unknown', 'outcome_unknown']);
  await bench.release(id, 'w1');
});

test('the outcome and the end of the job are one: a job that is not ours any more records nothing', async () => {
  const front = await living.start({ runner: newName('front'), worker: false });
  const { id, instrument, execution_id, request } = await mixing();
  instrument.finishAtOnce();
  await front.executions.execute(request);
  // Its `complete` answers that the job is another's.
  const dead = await bench.carryOutAsDead(front, execution_id);
  await dead.ended;
  assert.equal((await bench.row(execution_id)).status, 'running');
  assert.deepEqual(await bench.events(id), []);
  await bench.buryTheDead();
  const worker = await living.start({ runner: newName('worker') });
  assert.equal((await worker.executions.execute({ ...request, wait_seconds: 30 })).status, 'succeeded');
  assert.equal(instrument.moved.length, 1);
  assert.equal((await bench.events(id)).length, 1);
});

const Kept = Type.Object({ drives: Type.Integer(), begun_at: Type.String() });
const kept = rows(
  'test.drives.kept',
  Kept,
  'SELECT drives, begun_at FROM execution_logs WHERE execution_id = $1',
);

test('a database from before: what ran under a lease counts as begun, and gets a job that asks first', async () => {
  const old = await createTestDatabase([]);
  const folder = await mkdtemp(join(tmpdir(), 'labwright-migrations-'));
  try {
    const devices = devicesMigrations.find(({ name }) => name === 'devices');
    assert.ok(devices);
    await mkdir(join(folder, 'old'));
    for (const name of [
      '0001_devices.sql',
      '0002_execution_log_filters.sql',
      '0003_bookings_deleted_by_hand.sql',
      '0004_abort.sql',
    ])
      await copyFile(join(devices.folder, name), join(folder, 'old', name));
    await migrate(old.db, [{ name: 'devices', folder: join(folder, 'old') }]);
    await old.db.raw(`
      INSERT INTO devices (id, name, type, capabilities, status, fencing_token) VALUES ('m', 'm', 'mixer', '{mix}', 'busy', 1);
      INSERT INTO device_bookings (device_id, workflow_id, fencing_token) VALUES ('m', 'w1', 1);
      INSERT INTO execution_logs (device_id, device_type, workflow_id, fencing_token, execution_id, operation, status, runner, leased_until)
      VALUES ('m', 'mixer', 'w1', 1, 'old-1', 'mix', 'running', 'gone', now() + interval '10 s')`);
    await migrate(old.db, devicesMigrations);
    assert.equal((await old.db.first(kept, ['old-1']))?.drives, 1);

    const process = await bench.process({ runner: newName('new'), db: old.db });
    await eventually('the instrument was asked', async () =>
      (await old.db.first(kept, ['old-1']))?.drives === 2 ? true : undefined,
    );
    // It never got the order, so it is begun now.
    const instrument = bench.park.of('m');
    await instrument.movements(1);
    instrument.finish();
    const ended = await eventually('it ended', async () => {
      const execution = await process.executions.getExecution('old-1');
      return execution.status === 'running' ? undefined : execution;
    });
    assert.equal(ended.status, 'succeeded');
    await process.executions.stop();
  } finally {
    await old.drop();
    await rm(folder, { recursive: true });
  }
});

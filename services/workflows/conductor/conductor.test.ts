import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';
import { conduct } from './conduct.ts';
import { createRests } from './rests.ts';

let lab: Laboratory;
const clock = manualClock();
let rests = createRests(clock);
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
  rests = createRests(clock);
});
after(() => lab.stop());

const read = async (id: string) => (await lab.get(`/workflows/${id}`)).body;
const stepsOf = async (id: string) => (await read(id)).steps.map((step) => step.status);

async function started(steps = ['aspirate', 'dispense', 'incubate']) {
  const workflow = await lab.workflow({ steps, auto: true });
  await lab.post(`/workflows/${workflow.id}/start`);
  return workflow;
}

test('carries out every step in order and completes', async () => {
  const { id, device_id } = await started();
  await conduct(lab.deps, rests);
  const { status, finished_at } = await read(id);
  assert.equal(status, 'completed');
  assert.ok(finished_at);
  assert.deepEqual(await stepsOf(id), ['succeeded', 'succeeded', 'succeeded']);
  const order = [...lab.devices.executions.values()].filter((done) => done.workflow_id === id);
  assert.deepEqual(
    order.map((done) => done.operation),
    ['aspirate', 'dispense', 'incubate'],
  );
  assert.equal(lab.devices.holder(device_id), undefined);
});

test('leaves alone what is not auto, not running, or has a step in hand', async () => {
  const idle = await lab.workflow();
  await lab.post(`/workflows/${idle.id}/start`);
  const waiting = await lab.workflow({ auto: true });
  const busy = await started();
  lab.devices.onExecute = () => 'hang';
  await conduct(lab.deps, rests);
  await conduct(lab.deps, rests);
  assert.deepEqual(
    [await stepsOf(idle.id), (await read(waiting.id)).status, await stepsOf(busy.id)],
    [['pending', 'pending'], 'created', ['running', 'pending', 'pending']],
  );
  const { execution_id } = (await read(busy.id)).steps[0] ?? {};
  lab.devices.finish(execution_id ?? '', 'succeeded');
  lab.devices.onExecute = () => 'succeeded';
  await lab.follow();
  await conduct(lab.deps, rests);
  assert.equal((await read(busy.id)).status, 'completed');
});

test('stops at a failure, and goes on when a person has tried again', async () => {
  for (const ending of ['failed', 'unknown'] as const) {
    const { id } = await started();
    let nth = 0;
    lab.devices.onExecute = () => (++nth === 2 ? ending : 'succeeded');
    await conduct(lab.deps, rests);
    await conduct(lab.deps, rests);
    assert.equal((await read(id)).status, 'failed');
    assert.deepEqual(await stepsOf(id), ['succeeded', ending, 'pending']);
    if (ending === 'failed') await lab.post(`/workflows/${id}/execute-step`);
    else await lab.post(`/workflows/${id}/resolve-step`, { outcome: 'succeeded', reason: 'seen' });
    await conduct(lab.deps, rests);
    assert.equal((await read(id)).status, 'completed');
  }
});

test('a device that refuses is asked less and less often', async () => {
  const { id, device_id } = await started();
  lab.devices.setPaused(device_id, true);
  const before = lab.network.calls.execute;
  const asked: number[] = [];
  for (let second = 0; second < 64; second += 1) {
    const then = lab.network.calls.execute;
    await conduct(lab.deps, rests);
    if (lab.network.calls.execute > then) asked.push(second);
    await clock.advance(1_000);
  }
  assert.deepEqual(asked, [0, 1, 3, 7, 15, 31, 61]);
  assert.equal(lab.network.calls.execute - before, asked.length);
  assert.deepEqual(await stepsOf(id), ['pending', 'pending', 'pending']);
  lab.devices.setPaused(device_id, false);
  await clock.advance(30_000);
  await conduct(lab.deps, rests);
  assert.equal((await read(id)).status, 'completed');
});

test('a booking that is gone pauses the workflow, and nobody conducts it any more', async () => {
  const { id, device_id } = await started();
  lab.devices.forgetBooking(device_id);
  await conduct(lab.deps, rests);
  await conduct(lab.deps, rests);
  assert.equal((await read(id)).status, 'paused');
});

test('while device-service is away it gives up at once; nothing is lost', async () => {
  const { id } = await started();
  const before = lab.network.calls.execute;
  lab.network.fault = () => 'unreachable';
  await assert.rejects(conduct(lab.deps, rests), { code: 'device_service_unreachable' });
  assert.equal(lab.network.calls.execute - before, 1);
  lab.network.fault = () => undefined;
  await conduct(lab.deps, rests);
  assert.equal((await read(id)).status, 'completed');
});

test('two conductors at once carry out each step once', async () => {
  const workflows = await Promise.all(Array.from({ length: 12 }, () => started()));
  const other = createRests(clock);
  await Promise.all([conduct(lab.deps, rests), conduct(lab.deps, other)]);
  await clock.advance(60_000);
  await Promise.all([conduct(lab.deps, rests), conduct(lab.deps, other)]);
  for (const { id } of workflows) assert.equal((await read(id)).status, 'completed');
  assert.ok([...lab.devices.moves.values()].every((times) => times === 1));
  for (const { id } of workflows)
    assert.equal([...lab.devices.executions.values()].filter((done) => done.workflow_id === id).length, 3);
});

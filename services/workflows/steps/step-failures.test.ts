import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Answer, type Laboratory, openLaboratory } from '../test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

const outcome = (answer: Answer) => [answer.status, answer.body.code ?? answer.body.message];
const statusOf = async (id: string) => (await lab.get(`/workflows/${id}`)).body.status;

test('a step, device-service unreachable: 503, and the step is as before', async () => {
  const { id } = await lab.workflowIn('running');
  lab.network.failOnce('execute', 'unreachable');
  const answer = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(answer), [503, 'device_service_unreachable']);
  const [step] = (await lab.get(`/workflows/${id}`)).body.steps;
  assert.deepEqual(
    [step?.status, step?.attempts, step?.execution_id, step?.started_at],
    ['pending', 0, null, null],
  );
});

for (const fault of ['lost', 'unanswered', 'late'] as const)
  test(`a step without an answer (${fault}): asked again, and the device moves once`, async () => {
    const { id } = await lab.workflowIn('running');
    lab.network.failOnce('execute', fault);
    const key = { 'idempotency-key': `${fault}-${id}` };
    const answer = await lab.post(`/workflows/${id}/execute-step`, undefined, key);
    assert.deepEqual(outcome(answer), [503, 'device_service_no_answer']);
    const again = await lab.post(`/workflows/${id}/execute-step`, undefined, key);
    assert.deepEqual([again.status, again.body.step.status], [202, 'running']);
    await lab.repairAll();
    await lab.network.deliver();
    await lab.follow();
    const [step, next] = (await lab.get(`/workflows/${id}`)).body.steps;
    assert.deepEqual([step?.status, step?.attempts, next?.status], ['succeeded', 1, 'pending']);
    assert.equal(lab.devices.moves.get(step?.execution_id ?? ''), 1);
  });

test('asked again about a step: what the device says for now is waited for, what it says for good counts', async () => {
  const { id, device_id } = await lab.workflowIn('running');
  const stepOf = async () => (await lab.get(`/workflows/${id}`)).body.steps[0];
  lab.network.failOnce('execute', 'lost');
  await lab.post(`/workflows/${id}/execute-step`);
  lab.devices.setPaused(device_id, true);
  await lab.repairAll();
  assert.equal((await stepOf())?.status, 'running');
  lab.devices.setPaused(device_id, false);
  lab.devices.forgetBooking(device_id);
  await lab.repairAll();
  assert.deepEqual([(await stepOf())?.status, await statusOf(id)], ['pending', 'paused']);

  await lab.post(`/workflows/${id}/resume`);
  lab.network.failOnce('execute', 'lost');
  await lab.post(`/workflows/${id}/execute-step`);
  lab.devices.deleteDevice(device_id);
  await lab.repairAll();
  assert.deepEqual([(await stepOf())?.status, (await stepOf())?.error?.code], ['failed', 'device_not_found']);
});

test('a request that arrives when its step was put back and the workflow has booked anew: nothing moves', async () => {
  const { id, device_id } = await lab.workflowIn('running');
  lab.network.failOnce('execute', 'late');
  await lab.post(`/workflows/${id}/execute-step`);
  const { execution_id } = (await lab.get(`/workflows/${id}`)).body.steps[0] ?? {};
  // The booking ends by hand, and the step is put back: the device knows nothing of it.
  lab.devices.releaseByHand(device_id);
  await lab.repairAll();
  assert.equal((await lab.get(`/workflows/${id}`)).body.steps[0]?.status, 'pending');
  await lab.post(`/workflows/${id}/resume`);
  assert.equal(await statusOf(id), 'running');
  assert.equal(lab.network.stuck, 1);
  await lab.network.deliver();
  assert.equal(lab.devices.moves.get(execution_id ?? ''), undefined);
  await lab.post(`/workflows/${id}/execute-step`);
  assert.equal((await lab.get(`/workflows/${id}`)).body.steps[0]?.status, 'succeeded');
});

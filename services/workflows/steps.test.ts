import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { type Answer, type Laboratory, openLaboratory } from './test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

const forgetKeys = command('test.steps.forget_keys', 'DELETE FROM idempotency_keys');
const outcome = (answer: Answer) => [answer.status, answer.body.code ?? answer.body.message];

async function started(steps: unknown[] = ['aspirate', 'dispense']) {
  const workflow = await lab.workflow({ steps });
  await lab.post(`/workflows/${workflow.id}/start`);
  return workflow;
}

test('200: one step after the other, with its result; then no_step_left', async () => {
  const { id } = await started(['aspirate', { operation: 'dispense', parameters: { volume_ul: 3 } }]);
  const first = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(first), [200, 'Step 1 (aspirate) succeeded']);
  const { status, attempts, result, error, started_at, finished_at, duration_ms, execution_id } =
    first.body.step;
  assert.deepEqual([status, attempts, result, error], ['succeeded', 1, { done: 'aspirate' }, null]);
  assert.ok(started_at && finished_at && started_at <= finished_at);
  assert.equal(duration_ms, lab.devices.executions.get(execution_id ?? '')?.duration_ms);
  assert.equal(duration_ms, 1);
  assert.ok(execution_id && lab.devices.executions.has(execution_id));
  assert.deepEqual(first.body.workflow.steps[0], first.body.step);
  const second = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(lab.devices.executions.get(second.body.step.execution_id ?? '')?.parameters, {
    volume_ul: 3,
  });
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [409, 'no_step_left']);
});

test('200 also where the step failed; the workflow is failed, keeps the device, and the step is tried again', async () => {
  const { id, device_id } = await started();
  lab.devices.onExecute = () => 'failed';
  const failed = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(failed), [200, 'Step 1 (aspirate) failed: the device failed']);
  assert.equal(failed.body.workflow.status, 'failed');
  assert.equal(failed.body.workflow.status_reason, 'Step 1 (aspirate) failed: the device failed');
  assert.deepEqual(failed.body.step.error, { code: 'device_failed', message: 'the device failed' });
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
  lab.devices.onExecute = () => 'succeeded';
  const again = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(again), [200, 'Step 1 (aspirate) succeeded']);
  assert.notEqual(again.body.step.execution_id, failed.body.step.execution_id);
  assert.deepEqual([again.body.step.attempts, again.body.step.error], [2, null]);
  assert.deepEqual([again.body.workflow.status, again.body.workflow.status_reason], ['running', null]);
});

test('202 while it runs; nothing else is done meanwhile; the feed brings the outcome', async () => {
  const { id } = await started();
  lab.devices.onExecute = () => 'hang';
  const answer = await lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 });
  assert.deepEqual(outcome(answer), [202, 'Step 1 (aspirate) is being carried out']);
  assert.equal(answer.body.step.status, 'running');
  for (const action of ['execute-step', 'pause', 'complete', 'cancel'])
    assert.deepEqual(
      outcome(await lab.post(`/workflows/${id}/${action}`)),
      [409, 'step_in_progress'],
      action,
    );
  lab.devices.finish(answer.body.step.execution_id ?? '', 'succeeded');
  await lab.follow();
  const [step] = (await lab.get(`/workflows/${id}`)).body.steps;
  assert.deepEqual([step?.status, step?.result, step?.duration_ms], ['succeeded', { done: 'aspirate' }, 1]);
});

test('where device-service was stopped meanwhile, nobody says how long a step took', async () => {
  const { id } = await started();
  lab.devices.onExecute = () => 'hang';
  const { execution_id } = (await lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 })).body.step;
  lab.devices.finish(execution_id ?? '', 'succeeded');
  Object.assign(lab.devices.executions.get(execution_id ?? '') ?? {}, { duration_ms: null });
  await lab.follow();
  const [step] = (await lab.get(`/workflows/${id}`)).body.steps;
  assert.deepEqual([step?.status, step?.duration_ms], ['succeeded', null]);
});

test('200 when it ends while the answer waits', async () => {
  const { id } = await started();
  lab.devices.onExecute = (execution) => {
    setImmediate(() => lab.devices.finish(execution.execution_id ?? '', 'succeeded'));
    return 'hang';
  };
  const answer = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(answer), [200, 'Step 1 (aspirate) succeeded']);
});

test('an unknown outcome is never repeated, but resolved by a person', async () => {
  for (const told of ['succeeded', 'failed'] as const) {
    const { id } = await started();
    lab.devices.onExecute = () => 'unknown';
    const unknown = await lab.post(`/workflows/${id}/execute-step`);
    assert.deepEqual([unknown.status, unknown.body.step.status], [200, 'unknown']);
    assert.match(unknown.body.message, /^Nobody knows what became of Step 1/);
    assert.equal(unknown.body.workflow.status, 'failed');
    assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [409, 'outcome_unknown']);

    const key = { 'idempotency-key': `resolve-${id}` };
    const body = { outcome: told, reason: 'I looked' };
    const resolved = await lab.post(`/workflows/${id}/resolve-step`, body, key);
    assert.deepEqual(outcome(resolved), [200, `Step 1 (aspirate) counts as ${told}`]);
    assert.equal(resolved.body.step.status, told);
    assert.match(JSON.stringify(resolved.body.step), /I looked/);
    assert.equal(resolved.body.workflow.status, told === 'succeeded' ? 'running' : 'failed');
    await lab.database.db.execute(forgetKeys);
    const again = await lab.post(`/workflows/${id}/resolve-step`, body, key);
    assert.deepEqual([again.status, again.body], [200, resolved.body]);

    lab.devices.onExecute = () => 'succeeded';
    const next = await lab.post(`/workflows/${id}/execute-step`);
    assert.equal(next.body.step.position, told === 'succeeded' ? 2 : 1);
  }
});

test('resolve-step: 409 no_unknown_step where the step just failed, 400 without a reason', async () => {
  const { id } = await started();
  lab.devices.onExecute = () => 'failed';
  await lab.post(`/workflows/${id}/execute-step`);
  const answer = await lab.post(`/workflows/${id}/resolve-step`, { outcome: 'succeeded', reason: 'hope' });
  assert.deepEqual(outcome(answer), [409, 'no_unknown_step']);
  assert.equal((await lab.post(`/workflows/${id}/resolve-step`, { outcome: 'failed' })).status, 400);
});

test('a refusal of the device puts the step back as it was', async () => {
  const { id, device_id } = await started();
  lab.devices.setPaused(device_id, true);
  const before = (await lab.get(`/workflows/${id}`)).body.steps;
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [409, 'device_paused']);
  assert.deepEqual((await lab.get(`/workflows/${id}`)).body.steps, before);
  lab.devices.setPaused(device_id, false);
  lab.devices.onExecute = () => 'failed';
  const failed = await lab.post(`/workflows/${id}/execute-step`);
  lab.devices.setPaused(device_id, true);
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [409, 'device_paused']);
  const { updated_at: _then, ...as } = failed.body.workflow;
  const { updated_at: _now, ...now } = (await lab.get(`/workflows/${id}`)).body;
  assert.deepEqual(now, as);
});

test('booking_lost: the device is not ours any more, the workflow is paused, and resume goes on', async () => {
  const { id, device_id } = await started();
  await lab.post(`/workflows/${id}/execute-step`);
  lab.devices.forgetBooking(device_id);
  const answer = await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(outcome(answer), [409, 'booking_lost']);
  const { body } = await lab.get(`/workflows/${id}`);
  assert.deepEqual([body.status, body.booking_id, body.steps[1]?.status], ['paused', null, 'pending']);
  assert.match(body.status_reason ?? '', /booking of .* is gone/);
  await lab.post(`/workflows/${id}/resume`);
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [
    200,
    'Step 2 (dispense) succeeded',
  ]);
});

test('a workflow that is resumed with a failed step is failed, and tries it again', async () => {
  const { id, device_id } = await started();
  lab.devices.onExecute = () => 'failed';
  await lab.post(`/workflows/${id}/execute-step`);
  lab.devices.releaseByHand(device_id);
  await lab.follow();
  assert.equal((await lab.get(`/workflows/${id}`)).body.status, 'paused');
  const resumed = await lab.post(`/workflows/${id}/resume`);
  assert.deepEqual([resumed.status, resumed.body.workflow.status], [200, 'failed']);
  lab.devices.onExecute = () => 'succeeded';
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/execute-step`)), [
    200,
    'Step 1 (aspirate) succeeded',
  ]);
});

test('a key that is repeated after a crash finds its step and moves nothing', async () => {
  const { id } = await started();
  const key = { 'idempotency-key': `step-${id}` };
  const first = await lab.post(`/workflows/${id}/execute-step`, undefined, key);
  await lab.database.db.execute(forgetKeys);
  const again = await lab.post(`/workflows/${id}/execute-step`, undefined, key);
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal(lab.devices.moves.get(first.body.step.execution_id ?? ''), 1);
});

test('asking for a step twenty times at once carries out one', async () => {
  const { id } = await started(['aspirate']);
  lab.devices.onExecute = () => 'hang';
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 })),
  );
  assert.equal(answers.filter((answer) => answer.status === 202).length, 1);
  const refused = answers.filter((answer) => answer.body.code === 'step_in_progress');
  assert.equal(refused.length, 19);
});

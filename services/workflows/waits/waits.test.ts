import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Workflow } from '@labwright/contract-workflows';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';
import { tellWaits } from './tell-waits.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

/** Its first step waits for a person. */
async function waiting(): Promise<Workflow> {
  const { id } = await lab.workflow({ steps: [{ operator_task: { title: 'Seal the plate' } }, 'dispense'] });
  await lab.post(`/workflows/${id}/start`);
  assert.equal((await lab.post(`/workflows/${id}/execute-step`)).status, 202);
  return (await lab.get(`/workflows/${id}`)).body;
}
const noted = ({ booking_id }: Workflow) => lab.devices.waits.get(booking_id ?? '');
const expected = ({ steps: [step] }: Workflow) => ({
  id: step?.execution_id,
  code: 'operator_task',
  position: 1,
  about: 'Seal the plate',
});

test('the device is told that its holder waits for a person', async () => {
  const workflow = await waiting();
  assert.deepEqual(noted(workflow), expected(workflow));
});

const dueNow = command(
  'test.waits.due_now',
  `UPDATE workflow_steps SET ask_again_at = clock_timestamp() WHERE workflow_id = $1 AND status = 'running'`,
);

test('where the device cannot be told the task stands all the same, and it is told the next time', async () => {
  lab.network.fault = (call) => (call === 'noteWait' ? 'unreachable' : undefined);
  const workflow = await waiting();
  assert.equal(workflow.steps[0]?.waiting_reasons[0]?.code, 'operator_task');
  assert.equal(noted(workflow), undefined);
  lab.network.fault = () => undefined;
  await lab.database.db.execute(dueNow, [workflow.id]);
  await lab.repairAll();
  assert.deepEqual(noted(workflow), expected(workflow));
});

/** What the device was told once all that is due was told. */
async function toldOf(id: string) {
  await tellWaits(lab.deps);
  return noted((await lab.get(`/workflows/${id}`)).body);
}

test('the device is told of each thing that somebody has to do before its holder goes on', async () => {
  const { id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  assert.partialDeepStrictEqual(await toldOf(id), { code: 'step_by_hand', position: 1 });
  await lab.post(`/workflows/${id}/execute-step`);
  const second = await toldOf(id);
  assert.partialDeepStrictEqual(second, { code: 'step_by_hand', position: 2 });

  lab.devices.onExecute = () => 'failed';
  await lab.post(`/workflows/${id}/execute-step`);
  const failed = await toldOf(id);
  const { error } = (await lab.get(`/workflows/${id}`)).body.steps[1] ?? {};
  assert.ok(error);
  assert.partialDeepStrictEqual(failed, { code: 'step_failed', position: 2, about: error.message });
  lab.devices.onExecute = () => 'unknown';
  await lab.post(`/workflows/${id}/execute-step`);
  assert.partialDeepStrictEqual(await toldOf(id), { code: 'outcome_unknown', position: 2 });

  await lab.post(`/workflows/${id}/resolve-step`, { outcome: 'failed', reason: 'seen' });
  const again = await toldOf(id);
  assert.partialDeepStrictEqual(again, { code: 'step_failed', position: 2, about: 'seen' });
  // An operation began since the first failure: told under its id, nobody would believe this one.
  assert.notEqual(again?.id, failed?.id);
  lab.devices.onExecute = () => 'succeeded';
  await lab.post(`/workflows/${id}/execute-step`);
  assert.deepEqual(await toldOf(id), { id: 'end', code: 'completion_by_hand' });
});

test('nothing is told of a workflow that goes on by itself, until its step fails', async () => {
  const { id } = await lab.workflow({ auto: true });
  await lab.post(`/workflows/${id}/start`);
  assert.equal(await toldOf(id), undefined);
  lab.devices.onExecute = () => 'hang';
  await lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 });
  assert.equal(await toldOf(id), undefined);
  const { execution_id } = (await lab.get(`/workflows/${id}`)).body.steps[0] ?? {};
  lab.devices.finish(execution_id ?? '', 'failed');
  await lab.follow();
  assert.partialDeepStrictEqual(await toldOf(id), { code: 'step_failed', position: 1 });
});

test('a task that was cancelled is no reason any more: its step has failed', async () => {
  const workflow = await waiting();
  lab.hub.cancel(workflow.steps[0]?.execution_id ?? '', 'no seals left');
  await lab.follow();
  const told = await toldOf(workflow.id);
  assert.partialDeepStrictEqual(told, { code: 'step_failed', position: 1 });
  assert.match(told?.about ?? '', /no seals left/);
});

const toldLongAgo = command(
  'test.waits.told_long_ago',
  `UPDATE workflows SET wait_told_at = clock_timestamp() - interval '61 seconds' WHERE id = $1`,
);

test('it is told once, again after a minute, and at once where the device could not be reached', async () => {
  const { id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  const calls = async () => {
    const before = lab.network.calls.noteWait;
    await tellWaits(lab.deps);
    return lab.network.calls.noteWait - before;
  };
  assert.equal(await calls(), 1);
  assert.equal(await calls(), 0);
  await lab.database.db.execute(toldLongAgo, [id]);
  lab.network.fault = () => 'unreachable';
  await assert.rejects(tellWaits(lab.deps), { code: 'device_service_unreachable' });
  lab.network.fault = () => undefined;
  assert.equal(await calls(), 1);
  // Paused, it holds nothing.
  await lab.post(`/workflows/${id}/pause`);
  assert.equal(await calls(), 0);
});

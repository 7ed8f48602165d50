import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Workflow } from '@labwright/contract-workflows';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.stop());

/** Its first step waits for a person. */
async function waiting(): Promise<Workflow> {
  const { id } = await lab.workflow({ steps: [{ operator_task: { title: 'Seal the plate' } }, 'dispense'] });
  await lab.post(`/workflows/${id}/start`);
  assert.equal((await lab.post(`/workflows/${id}/execute-step`)).status, 202);
  return (await lab.get(`/workflows/${id}`)).body;
}
const noted = ({ booking_id }: Workflow) => lab.devices.tasks.get(booking_id ?? '');
const expected = ({ steps: [step] }: Workflow) => ({ id: step?.execution_id, title: 'Seal the plate' });

test('the device is told that its holder waits for a person', async () => {
  const workflow = await waiting();
  assert.deepEqual(noted(workflow), expected(workflow));
});

const dueNow = command(
  'test.tell_device.due_now',
  `UPDATE workflow_steps SET ask_again_at = clock_timestamp() WHERE workflow_id = $1 AND status = 'running'`,
);

test('where the device cannot be told the task stands all the same, and it is told the next time', async () => {
  lab.network.fault = (call) => (call === 'noteTask' ? 'unreachable' : undefined);
  const workflow = await waiting();
  assert.equal(workflow.steps[0]?.waiting_reasons[0]?.code, 'operator_task');
  assert.equal(noted(workflow), undefined);
  lab.network.fault = () => undefined;
  await lab.database.db.execute(dueNow, [workflow.id]);
  await lab.repairAll();
  assert.deepEqual(noted(workflow), expected(workflow));
});

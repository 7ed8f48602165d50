import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

const action = rows(
  'test.repair.action',
  Type.Object({ action: nullable(Type.String()) }),
  'SELECT action FROM workflows WHERE id = $1',
);
const inHand = async (id: string) => (await lab.database.db.first(action, [id]))?.action;
const statusOf = async (id: string) => (await lab.get(`/workflows/${id}`)).body.status;

test('a lost queue entry is made anew, with its priority; a lost turn is taken', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  const holder = await lab.workflow({ device_id });
  await lab.post(`/workflows/${holder.id}/start`);
  await lab.post(`/workflows/${id}/start`, { queue: true, priority: 'low' });
  lab.devices.forgetEntry(device_id, id);
  await lab.repairAll();
  const [entry] = lab.devices.waiting(device_id);
  assert.deepEqual([entry?.workflow_id, entry?.priority], [id, 'low']);
  assert.equal((await lab.get(`/workflows/${id}`)).body.queue_entry_id, entry?.id);

  lab.devices.releaseByHand(device_id);
  await lab.repairAll();
  const { status, booking_id } = (await lab.get(`/workflows/${id}`)).body;
  assert.deepEqual([status, booking_id], ['running', lab.devices.holder(device_id)?.id]);
});

test('a place in the queue that somebody changed is not changed back', async () => {
  const { id, device_id } = await lab.workflowIn('queued');
  await lab.devices.api.enqueue({ device_id, workflow_id: id, priority: 'urgent' });
  await lab.repairAll();
  assert.equal(lab.devices.waiting(device_id)[0]?.priority, 'urgent');
});

test('a queued workflow whose device is gone is as before, with the reason', async () => {
  const { id, device_id } = await lab.workflowIn('queued');
  lab.devices.deleteDevice(device_id);
  await lab.repairAll();
  const { status, status_reason } = (await lab.get(`/workflows/${id}`)).body;
  assert.equal(status, 'created');
  assert.match(status_reason ?? '', /no device/);
});

test('making sure of queue entries while device-service is away changes nothing', async () => {
  const { id } = await lab.workflowIn('queued');
  for (const fault of ['unreachable', 'lost'] as const) {
    lab.network.fault = () => fault;
    await lab.repairAll().catch(() => {});
    assert.deepEqual([await statusOf(id), await inHand(id)], ['queued', null]);
  }
});

test('one workflow without an answer does not keep the others from being repaired', async () => {
  const workflows = await Promise.all(Array.from({ length: 30 }, () => lab.workflowIn('running')));
  const [poison] = workflows;
  lab.network.fault = (call) => (call === 'withdraw' ? 'lost' : undefined);
  for (const { id } of workflows) await lab.post(`/workflows/${id}/complete`);
  const { withdraw } = lab.devices.api;
  lab.network.fault = () => undefined;
  lab.devices.api.withdraw = async (request) => {
    if (request.workflow_id === poison?.id) throw new Error('a defect');
    return withdraw(request);
  };
  await lab.repairAll();
  lab.devices.api.withdraw = withdraw;
  const states = await Promise.all(workflows.map(({ id }) => statusOf(id)));
  assert.deepEqual([states[0], new Set(states.slice(1))], ['running', new Set(['completed'])]);
});

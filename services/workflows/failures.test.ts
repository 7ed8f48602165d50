import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Answer, type Laboratory, openLaboratory } from './test-support/laboratory.ts';

/* The table of the README: what can go wrong after the claim, and what becomes of it. */

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
  'test.failures.action',
  Type.Object({ action: nullable(Type.String()) }),
  'SELECT action FROM workflows WHERE id = $1',
);
const inHand = async (id: string) => (await lab.database.db.first(action, [id]))?.action;
const outcome = (answer: Answer) => [answer.status, answer.body.code ?? answer.body.message];
const statusOf = async (id: string) => (await lab.get(`/workflows/${id}`)).body.status;

const actions = [
  { name: 'start', from: 'created', to: 'running', call: 'book' },
  { name: 'resume', from: 'paused', to: 'running', call: 'book' },
  { name: 'complete', from: 'running', to: 'completed', call: 'withdraw' },
  { name: 'pause', from: 'running', to: 'paused', call: 'withdraw' },
  { name: 'cancel', from: 'running', to: 'cancelled', call: 'withdraw' },
  { name: 'cancel', from: 'queued', to: 'cancelled', call: 'withdraw' },
] as const;

for (const { name, from, to, call } of actions) {
  test(`${name} of a ${from} workflow, device-service unreachable: 503, state as before, no claim`, async () => {
    const { id } = await lab.workflowIn(from);
    lab.network.failOnce(call, 'unreachable');
    const answer = await lab.post(`/workflows/${id}/${name}`);
    assert.deepEqual(outcome(answer), [503, 'device_service_unreachable']);
    assert.deepEqual([await statusOf(id), await inHand(id)], [from, null]);
    assert.deepEqual((await lab.post(`/workflows/${id}/${name}`)).status, 200);
  });

  for (const fault of ['lost', 'unanswered'] as const)
    test(`${name} of a ${from} workflow, ${fault}: 503, then settled by the repair loop`, async () => {
      const { id, device_id } = await lab.workflowIn(from);
      lab.network.failOnce(call, fault);
      const answer = await lab.post(`/workflows/${id}/${name}`);
      assert.deepEqual(outcome(answer), [503, 'device_service_no_answer']);
      const meanwhile = await lab.post(`/workflows/${id}/cancel`);
      assert.deepEqual(outcome(meanwhile), [409, 'action_in_progress']);
      await lab.repairAll();
      await lab.follow();
      const undone = name === 'start' || name === 'resume';
      assert.deepEqual([await statusOf(id), await inHand(id)], [undone ? from : to, null]);
      assert.notEqual(lab.devices.holder(device_id)?.workflow_id, id);
      assert.ok(lab.devices.waiting(device_id).every((entry) => entry.workflow_id !== id));
    });
}

const crash = command(
  'test.failures.crash',
  `UPDATE workflows SET action = $2, action_id = gen_random_uuid(), action_args = '{"by": "request"}',
     action_until = clock_timestamp() - interval '1 s' WHERE id = $1`,
);

for (const { name, from, to } of actions)
  test(`our process dies during ${name} of a ${from} workflow`, async () => {
    const { id, device_id } = await lab.workflowIn(from);
    await lab.database.db.execute(crash, [id, name]);
    await lab.repairAll();
    const undone = name === 'start' || name === 'resume';
    assert.deepEqual([await statusOf(id), await inHand(id)], [undone ? from : to, null]);
    assert.notEqual(lab.devices.holder(device_id)?.workflow_id, id);
  });

test('our process dies during a start whose request is still on its way: taken back when it arrives', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  await lab.database.db.execute(crash, [id, 'start']);
  await lab.repairAll();
  await lab.devices.api.book({ device_id, workflow_id: id });
  await lab.follow();
  assert.equal(lab.devices.holder(device_id), undefined);
});

const undoOther = command(
  'test.failures.undo_other',
  `UPDATE workflows SET action = 'undo', action_id = gen_random_uuid(), action_until = now(),
     action_args = '{"by": "feed", "booking_id": "another"}' WHERE id = $1`,
);

test('an undo of one booking leaves another one alone', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  const booking = await lab.devices.api.book({ device_id, workflow_id: id });
  await lab.database.db.execute(undoOther, [id]);
  await lab.repairAll();
  assert.deepEqual([await inHand(id), lab.devices.holder(device_id)?.id], [null, booking.id]);
});

test('what is to be settled stays so while device-service is away, and is settled when it is back', async () => {
  const { id } = await lab.workflowIn('created');
  const other = await lab.workflowIn('running');
  lab.network.failOnce('book', 'unanswered');
  await lab.post(`/workflows/${id}/start`);
  lab.network.failOnce('withdraw', 'unanswered');
  await lab.post(`/workflows/${other.id}/complete`);
  for (const fault of ['unreachable', 'lost'] as const) {
    lab.network.fault = () => fault;
    await lab.repairAll().catch(() => {});
    assert.deepEqual([await inHand(id), await inHand(other.id)], ['undo', 'complete']);
  }
  lab.network.fault = () => undefined;
  await lab.repairAll();
  assert.deepEqual([await statusOf(id), await statusOf(other.id)], ['created', 'completed']);
});

test('a refusal ends a release that was to be repeated: the state is as before', async () => {
  const { id, device_id } = await lab.workflowIn('running');
  lab.network.failOnce('withdraw', 'lost');
  await lab.post(`/workflows/${id}/pause`);
  lab.devices.onExecute = () => 'hang';
  await lab.devices.api.execute({
    device_id,
    workflow_id: id,
    operation: 'aspirate',
    parameters: {},
    execution_id: `by-hand-${id}`,
    wait_seconds: 0,
  });
  await lab.repairAll();
  assert.deepEqual([await statusOf(id), await inHand(id)], ['running', null]);
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
});

test('an undo is kept up against refusals', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  lab.network.failOnce('book', 'unanswered');
  await lab.post(`/workflows/${id}/start`);
  lab.devices.onExecute = () => 'hang';
  const execution_id = `by-hand-${id}`;
  const operation = { operation: 'aspirate', parameters: {}, execution_id, wait_seconds: 0 };
  await lab.devices.api.execute({ device_id, workflow_id: id, ...operation });
  await lab.repairAll();
  assert.equal(await inHand(id), 'undo');
  lab.devices.finish(execution_id, 'succeeded');
  await lab.repairAll();
  assert.deepEqual([await inHand(id), lab.devices.holder(device_id)], [null, undefined]);
});

test('a start that arrives late is taken back, whatever became of the workflow meanwhile', async () => {
  const ends = {
    created: async () => {},
    cancelled: (id: string) => lab.post(`/workflows/${id}/cancel`),
    deleted: (id: string) => lab.delete(`/workflows/${id}`),
  };
  for (const queue of [false, true])
    for (const [name, end] of Object.entries(ends)) {
      const { id, device_id } = await lab.workflowIn('created');
      lab.network.failOnce(queue ? 'enqueue' : 'book', 'late');
      await lab.post(`/workflows/${id}/start`, { queue });
      await lab.repairAll();
      await end(id);
      await lab.network.deliver();
      assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
      await lab.follow();
      await lab.repairAll();
      assert.equal(lab.devices.holder(device_id), undefined, name);
    }
});

test('a late request to queue is taken out of the queue', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  const holder = await lab.workflow({ device_id });
  await lab.post(`/workflows/${holder.id}/start`);
  lab.network.failOnce('enqueue', 'late');
  await lab.post(`/workflows/${id}/start`, { queue: true });
  await lab.repairAll();
  await lab.network.deliver();
  assert.equal(lab.devices.waiting(device_id).length, 1);
  await lab.follow();
  await lab.repairAll();
  assert.deepEqual(lab.devices.waiting(device_id), []);
});

test('a booking that a person made for a workflow is left alone, and its start takes it', async () => {
  const { id, device_id } = await lab.workflowIn('created');
  const booking = await lab.devices.api.book({ device_id, workflow_id: id });
  await lab.follow();
  await lab.repairAll();
  assert.equal(lab.devices.holder(device_id)?.id, booking.id);
  const answer = await lab.post(`/workflows/${id}/start`);
  assert.equal(answer.body.workflow.booking_id, booking.id);
});

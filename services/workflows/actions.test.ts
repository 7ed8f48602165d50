import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { workflowStatuses } from '@labwright/contract-workflows';
import { command } from '@labwright/kernel/statement';
import { isAllowed, requests } from './allowed.ts';
import { type Answer, type Laboratory, openLaboratory } from './test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.stop());

const forgetKeys = command('test.actions.forget_keys', 'DELETE FROM idempotency_keys');
const outcome = (answer: Answer) => [answer.status, answer.body.code ?? answer.body.message];

test('start: 200, running with a booking, and the device knows what is to be done', async () => {
  const { id, device_id } = await lab.workflow();
  const answer = await lab.post(`/workflows/${id}/start`);
  assert.deepEqual(outcome(answer), [200, 'Workflow started']);
  const booking = lab.devices.holder(device_id);
  assert.equal(answer.body.workflow.status, 'running');
  assert.equal(answer.body.workflow.booking_id, booking?.id);
  assert.equal(answer.body.workflow.fencing_token, booking?.fencing_token);
  assert.ok(answer.body.workflow.started_at);
  assert.deepEqual(booking?.operations, ['aspirate', 'dispense']);
});

test('start on a busy device: 409 device_busy as the device told it, and the workflow is as before', async () => {
  const first = await lab.workflow();
  await lab.post(`/workflows/${first.id}/start`);
  const second = await lab.workflow({ device_id: first.device_id });
  const answer = await lab.post(`/workflows/${second.id}/start`);
  assert.deepEqual(outcome(answer), [409, 'device_busy']);
  assert.match(answer.body.detail, /holds .* Ask again with \{"queue": true\}/);
  assert.partialDeepStrictEqual(answer.body, { holder: { workflow_id: first.id } });
  assert.equal(answer.headers['retry-after'], '7');
  assert.equal((await lab.get(`/workflows/${second.id}`)).body.status, 'created');
});

test('start with queue: 202 queued on a busy device, 200 on a free one', async () => {
  const first = await lab.workflow();
  const free = await lab.post(`/workflows/${first.id}/start`, { queue: true });
  assert.deepEqual(outcome(free), [200, 'Workflow started']);
  const second = await lab.workflow({ device_id: first.device_id });
  const answer = await lab.post(`/workflows/${second.id}/start`, {
    queue: true,
    priority: 'urgent',
    auto: true,
  });
  assert.deepEqual(outcome(answer), [202, 'Workflow queued']);
  const { status, priority, auto, queue_entry_id } = answer.body.workflow;
  const [entry] = lab.devices.waiting(first.device_id);
  assert.deepEqual([status, priority, auto, queue_entry_id], ['queued', 'urgent', true, entry?.id]);
  assert.equal(entry?.priority, 'urgent');
});

test('complete: releases the device, skips what was not carried out, and may be asked again', async () => {
  const { id, device_id } = await lab.workflow({ steps: ['aspirate', 'dispense', 'incubate'] });
  await lab.post(`/workflows/${id}/start`);
  await lab.post(`/workflows/${id}/execute-step`);
  const answer = await lab.post(`/workflows/${id}/complete`);
  assert.deepEqual(outcome(answer), [200, 'Workflow completed; 2 steps were skipped']);
  assert.deepEqual(
    answer.body.workflow.steps.map((step) => step.status),
    ['succeeded', 'skipped', 'skipped'],
  );
  assert.ok(answer.body.workflow.finished_at);
  assert.equal(lab.devices.holder(device_id), undefined);
  const again = await lab.post(`/workflows/${id}/complete`);
  assert.deepEqual([again.status, again.body], [200, answer.body]);
});

test('pause releases the device, resume books it again', async () => {
  const { id, device_id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  const paused = await lab.post(`/workflows/${id}/pause`, { reason: 'lunch' });
  assert.deepEqual(outcome(paused), [200, 'Workflow paused']);
  assert.deepEqual(
    [paused.body.workflow.status, paused.body.workflow.status_reason, paused.body.workflow.booking_id],
    ['paused', 'lunch', null],
  );
  assert.equal(lab.devices.holder(device_id), undefined);
  const resumed = await lab.post(`/workflows/${id}/resume`);
  assert.deepEqual(outcome(resumed), [200, 'Workflow resumed']);
  assert.equal(resumed.body.workflow.booking_id, lab.devices.holder(device_id)?.id);
  assert.equal(resumed.body.workflow.status_reason, null);
});

test('resume on a busy device: 409, or 202 with queue', async () => {
  const { id, device_id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  await lab.post(`/workflows/${id}/pause`);
  const other = await lab.workflow({ device_id });
  await lab.post(`/workflows/${other.id}/start`);
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/resume`)), [409, 'device_busy']);
  const queued = await lab.post(`/workflows/${id}/resume`, { queue: true, priority: 'low' });
  assert.deepEqual(outcome(queued), [202, 'Workflow queued']);
  assert.equal(lab.devices.waiting(device_id)[0]?.priority, 'low');
});

test('cancel: releases the device, leaves the queue, from every state that is not over', async () => {
  const running = await lab.workflow();
  await lab.post(`/workflows/${running.id}/start`);
  const queued = await lab.workflow({ device_id: running.device_id });
  await lab.post(`/workflows/${queued.id}/start`, { queue: true });
  const created = await lab.workflow({ device_id: running.device_id });
  for (const { id } of [queued, running, created]) {
    const answer = await lab.post(`/workflows/${id}/cancel`, { reason: 'thawed' });
    assert.deepEqual(outcome(answer), [200, 'Workflow cancelled']);
    assert.deepEqual(
      [answer.body.workflow.status, answer.body.workflow.status_reason],
      ['cancelled', 'thawed'],
    );
  }
  assert.equal(lab.devices.holder(running.device_id), undefined);
  assert.deepEqual(lab.devices.waiting(running.device_id), []);
});

test('a workflow whose device was deleted can be cancelled', async () => {
  const { id, device_id } = await lab.workflow();
  lab.devices.deleteDevice(device_id);
  assert.deepEqual(outcome(await lab.post(`/workflows/${id}/cancel`)), [200, 'Workflow cancelled']);
});

const setStatus = command('test.actions.set_status', 'UPDATE workflows SET status = $2 WHERE id = $1');

/** Asked again after they are done, these are answered as done: a caller that heard nothing asks again. */
const repeatable: Partial<Record<(typeof requests)[number], string>> = {
  complete: 'completed',
  cancel: 'cancelled',
  pause: 'paused',
};

test('complete, cancel and pause asked again are answered as done', async () => {
  for (const [request, status] of Object.entries(repeatable)) {
    const { id } = await lab.workflow();
    await lab.database.db.execute(setStatus, [id, status]);
    const answer = await lab.post(`/workflows/${id}/${request}`);
    assert.deepEqual([answer.status, answer.body.workflow.status], [200, status]);
  }
});

test('409 wrong_state in every state that does not allow it, with what is allowed', async () => {
  for (const status of workflowStatuses)
    for (const request of requests) {
      if (isAllowed(request, status) || repeatable[request] === status) continue;
      const { id } = await lab.workflow();
      await lab.database.db.execute(setStatus, [id, status]);
      const body = request === 'resolve-step' ? { outcome: 'failed', reason: 'seen' } : undefined;
      const answer =
        request === 'delete'
          ? await lab.delete(`/workflows/${id}`)
          : await lab.post(`/workflows/${id}/${request}`, body);
      assert.deepEqual(outcome(answer), [409, 'wrong_state'], `${request} in ${status}`);
      assert.equal(answer.body.workflow_status, status);
      assert.deepEqual(
        answer.body.allowed,
        requests.filter((candidate) => isAllowed(candidate, status)),
      );
    }
});

test('starting fifty times at once starts once', async () => {
  const { id, device_id } = await lab.workflow();
  const answers = await Promise.all(Array.from({ length: 50 }, () => lab.post(`/workflows/${id}/start`)));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  for (const answer of answers.filter((refused) => refused.status !== 200)) {
    assert.equal(answer.status, 409);
    assert.ok(['wrong_state', 'action_in_progress'].includes(answer.body.code), answer.body.code);
  }
  const granted = lab.devices.events.filter(
    (event) => event.device_id === device_id && event.type === 'booking.granted',
  );
  assert.equal(granted.length, 1);
});

test('a repeated key after a crash recognises what it did', async () => {
  const { id } = await lab.workflow();
  for (const action of ['start', 'pause', 'resume', 'cancel']) {
    const key = { 'idempotency-key': `${action}-${id}` };
    const first = await lab.post(`/workflows/${id}/${action}`, undefined, key);
    assert.equal(first.status, 200);
    await lab.database.db.execute(forgetKeys);
    const again = await lab.post(`/workflows/${id}/${action}`, undefined, key);
    assert.deepEqual([again.status, again.body], [200, first.body]);
  }
});

test('actions need neither a body nor a content type, and refuse what they do not know', async () => {
  const port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${port}/workflows`;
  const { id } = await lab.workflow();
  for (const action of ['start', 'execute-step', 'pause', 'resume', 'complete']) {
    const answer = await fetch(`${url}/${id}/${action}`, { method: 'POST' });
    assert.equal(answer.status, 200, action);
    await answer.body?.cancel();
  }
  const empty = await fetch(`${url}/${id}/complete`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(empty.status, 200);
  await empty.body?.cancel();
  const unknown = await lab.post(`/workflows/${id}/cancel`, { raeson: 'x' });
  assert.deepEqual(unknown.body.faults, [{ path: 'body.raeson', message: 'is not known here' }]);
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Workflow } from '@labwright/contract-workflows';
import { command } from '@labwright/kernel/statement';
import { conduct } from '../conductor/conduct.ts';
import { createRests } from '../conductor/rests.ts';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.hub.fault = () => undefined;
  lab.network.fault = () => undefined;
});
after(() => lab.stop());

const seal = {
  operator_task: {
    title: 'Seal the plate',
    instructions: 'Both **sides**.',
    fields: [{ type: 'number', name: 'volume', label: 'Volume', unit: 'uL' }],
    assignee: { role: 'operator' },
    priority: 'urgent',
    due_in_seconds: 3_600,
  },
};
const read = async (id: string): Promise<Workflow> => (await lab.get(`/workflows/${id}`)).body;
const act = (id: string, action: string, body?: object) => lab.post(`/workflows/${id}/${action}`, body);

/** A workflow whose first step waits for a person. */
async function waiting(steps: unknown[] = [seal, 'dispense']) {
  const workflow = await lab.workflow({ steps });
  await act(workflow.id, 'start');
  const answer = await act(workflow.id, 'execute-step');
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return { ...workflow, task: answer.body.step.execution_id ?? '' };
}

test('a step asks a person, waits, and goes on with the values of the form; the device stays booked', async () => {
  const { id, device_id, task } = await waiting();
  const asked = await read(id);
  const [step] = asked.steps;
  assert.partialDeepStrictEqual(step, {
    operation: 'operator_task',
    status: 'running',
    attempts: 1,
    ...seal,
  });
  assert.deepEqual(
    step?.waiting_reasons.map(({ code, task_id }) => [code, task_id]),
    [['operator_task', task]],
  );
  assert.match(step?.waiting_reasons[0]?.message ?? '', /operator.*Seal the plate.*stays booked/);
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
  const made = lab.hub.tasks.get(task);
  const { due_in_seconds, ...described } = seal.operator_task;
  assert.partialDeepStrictEqual(made, { ...described, workflow_id: id, device_id, step: 1 });
  assert.equal(Date.parse(made?.due_at ?? ''), Date.parse(step?.started_at ?? '') + due_in_seconds * 1_000);

  lab.hub.complete(task, { volume: 12.5 });
  await lab.follow();
  const done = (await read(id)).steps[0];
  assert.partialDeepStrictEqual(done, { status: 'succeeded', result: { volume: 12.5 }, waiting_reasons: [] });
  assert.equal((await act(id, 'execute-step')).body.step.status, 'succeeded');
  assert.equal((await act(id, 'complete')).body.workflow.status, 'completed');
});

test('nothing else is done meanwhile: step_in_progress says what it waits for', async () => {
  const { id, task } = await waiting();
  for (const action of ['pause', 'complete', 'execute-step']) {
    const answer = await act(id, action);
    assert.equal(answer.status, 409, action);
    assert.equal(answer.body.code, 'step_in_progress');
    assert.match(answer.body.detail, new RegExp(`"Seal the plate".*${task}`));
  }
  assert.equal((await read(id)).status, 'running');
});

test('a task that is cancelled fails its step; tried again it is another task', async () => {
  const { id, device_id, task } = await waiting();
  lab.hub.cancel(task, 'no seals left');
  await lab.follow();
  const failed = await read(id);
  assert.equal(failed.status, 'failed');
  assert.partialDeepStrictEqual(failed.steps[0], {
    status: 'failed',
    error: { code: 'task_cancelled', message: 'The task was cancelled: no seals left' },
  });
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
  const again = (await act(id, 'execute-step')).body.step;
  assert.notEqual(again.execution_id, task);
  lab.hub.complete(again.execution_id ?? '', { volume: 1 });
  await lab.follow();
  assert.partialDeepStrictEqual((await read(id)).steps[0], { status: 'succeeded', attempts: 2 });
});

test('cancelling the workflow releases the device at once and withdraws the task', async () => {
  const { id, device_id, task } = await waiting();
  const answer = await act(id, 'cancel', { reason: 'wrong samples' });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.workflow.status, 'cancelled');
  assert.partialDeepStrictEqual(answer.body.workflow.steps[0], {
    status: 'skipped',
    error: { code: 'workflow_cancelled' },
    waiting_reasons: [],
  });
  assert.equal(lab.devices.holder(device_id), undefined);
  await lab.repairAll();
  await lab.follow();
  const withdrawn = lab.hub.tasks.get(task);
  assert.equal(withdrawn?.status, 'cancelled');
  assert.match(withdrawn?.status_reason ?? '', /was cancelled: wrong samples/);
  assert.equal((await read(id)).steps[0]?.status, 'skipped');
});

test('a workflow is cancelled also while the hub is away; the task is withdrawn when it is back', async () => {
  const { id, device_id, task } = await waiting();
  for (const fault of ['unreachable', 'lost', 'unanswered'] as const) {
    lab.hub.fault = (call) => (call === 'withdraw' ? fault : undefined);
    assert.equal((await act(id, 'cancel')).body.workflow.status, 'cancelled');
    await lab.repairAll().catch(() => {});
  }
  assert.equal(lab.devices.holder(device_id), undefined);
  lab.hub.fault = () => undefined;
  await lab.repairAll();
  assert.equal(lab.hub.tasks.get(task)?.status, 'cancelled');
  const before = lab.hub.calls.withdraw;
  await lab.repairAll();
  assert.equal(lab.hub.calls.withdraw, before, 'it is not asked any more');
});

test('what a person hands in while the workflow is being cancelled changes nothing', async () => {
  const { id, task } = await waiting();
  lab.hub.complete(task, { volume: 3 });
  await act(id, 'cancel');
  await lab.follow();
  assert.partialDeepStrictEqual(await read(id), { status: 'cancelled', steps: [{ status: 'skipped' }, {}] });
  assert.equal(lab.hub.tasks.get(task)?.status, 'completed');
});

test('while the hub is away the step waits and says so; its task is made once when it is back', async () => {
  for (const fault of ['unreachable', 'lost', 'unanswered', 'late'] as const) {
    lab.hub.fault = (call) => (call === 'ensure' ? fault : undefined);
    const { id, device_id, task } = await waiting();
    assert.deepEqual(
      (await read(id)).steps[0]?.waiting_reasons.map(({ code }) => code),
      ['operator_task_unconfirmed'],
      fault,
    );
    await lab.repairAll().catch(() => {});
    lab.hub.fault = () => undefined;
    await lab.repairAll();
    await lab.hub.deliver();
    const ours = [...lab.hub.tasks.values()].filter(({ workflow_id }) => workflow_id === id);
    assert.deepEqual(
      ours.map((made) => [made.id, made.status]),
      [[task, 'open']],
    );
    const reason = (await read(id)).steps[0]?.waiting_reasons[0];
    assert.equal(reason?.code, 'operator_task');
    assert.doesNotMatch(reason?.message ?? '', /\dT\d/, 'people read no such time');
    assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
    lab.hub.complete(task, { volume: 1 });
    await lab.follow();
    assert.equal((await read(id)).steps[0]?.status, 'succeeded');
  }
});

test('a request for a task that arrives after its workflow was cancelled makes none', async () => {
  lab.hub.fault = (call) => (call === 'ensure' ? 'late' : undefined);
  const { id, task } = await waiting();
  await act(id, 'cancel');
  await lab.repairAll();
  await lab.hub.deliver();
  assert.equal(lab.hub.tasks.get(task)?.status, 'cancelled');
});

test('an end that nobody told of is found out by asking', async () => {
  const { id, task } = await waiting();
  lab.hub.complete(task, { volume: 4 });
  // Older than the feed keeps: only its place is known.
  lab.hub.fault = (call) => (call === 'outcomes' ? 'unreachable' : undefined);
  await lab.repairAll();
  assert.partialDeepStrictEqual((await read(id)).steps[0], { status: 'succeeded', result: { volume: 4 } });
});

test('an end that is told twice counts once, also where the hub stands on another database by now', async () => {
  const { id, task } = await waiting();
  lab.hub.complete(task, { volume: 5 });
  await lab.follow();
  const before = await read(id);
  const forget = command(
    'test.tasks.forget_place',
    `UPDATE followed SET cursor = '0:999999' WHERE feed = 'hub'`,
  );
  await lab.database.db.execute(forget);
  await assert.rejects(lab.follow(), { code: 'invalid_cursor' });
  await lab.follow();
  assert.deepEqual(await read(id), before);
});

test('while the hub does not answer about an end, it waits; nothing is lost', async () => {
  const { id, task } = await waiting();
  lab.hub.complete(task, { volume: 6 });
  let failures = 3;
  lab.hub.fault = (call) => (call === 'get' && failures-- > 0 ? 'unreachable' : undefined);
  await lab.follow();
  assert.ok(failures < 0);
  assert.equal((await read(id)).steps[0]?.status, 'succeeded');
});

test('auto: the conductor goes past a person, and does not ask the device meanwhile', async () => {
  const { id, device_id } = await lab.workflow({ steps: ['aspirate', seal, 'dispense'], auto: true });
  await act(id, 'start');
  const rests = createRests(lab.deps.clock);
  await conduct(lab.deps, rests);
  await conduct(lab.deps, rests);
  const waits = await read(id);
  assert.deepEqual(
    waits.steps.map(({ status }) => status),
    ['succeeded', 'running', 'pending'],
  );
  lab.hub.complete(waits.steps[1]?.execution_id ?? '', { volume: 7 });
  await lab.follow();
  await conduct(lab.deps, rests);
  assert.equal((await read(id)).status, 'completed');
  assert.equal(lab.devices.holder(device_id), undefined);
});

test('a booking that is lost meanwhile pauses the workflow; resumed, it still waits for the person', async () => {
  const { id, device_id, task } = await waiting();
  lab.devices.forgetBooking(device_id);
  await lab.repairAll();
  assert.partialDeepStrictEqual(await read(id), { status: 'paused', steps: [{ status: 'running' }, {}] });
  assert.equal((await act(id, 'resume')).body.workflow.status, 'running');
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
  lab.hub.complete(task, { volume: 8 });
  await lab.follow();
  assert.partialDeepStrictEqual(await read(id), { status: 'running', steps: [{ status: 'succeeded' }, {}] });
});

test('a task that the hub refuses fails the step with its reason', async () => {
  const { id } = await lab.workflow({ steps: [seal] });
  await act(id, 'start');
  const zero = command(
    'test.tasks.spoil',
    `UPDATE workflow_steps SET operator_task = jsonb_set(operator_task, '{fields,1}', operator_task->'fields'->0) WHERE workflow_id = $1`,
  );
  await lab.database.db.execute(zero, [id]);
  const answer = await act(id, 'execute-step');
  assert.equal(answer.status, 200);
  assert.partialDeepStrictEqual(answer.body.step, { status: 'failed', error: { code: 'invalid_task' } });
});

test('POST /workflows 400: what is wrong with a task is said before anything is stored', async () => {
  const { device_id } = await lab.workflow();
  const create = (operator_task: object) =>
    lab.post('/workflows', { name: 'x', device_id, steps: ['aspirate', { operator_task }] });
  const field = { type: 'yes_no', name: 'ok', label: 'OK?' };
  const twice = await create({ title: 'x', fields: [field, field] });
  assert.equal(twice.body.code, 'invalid_workflow');
  assert.deepEqual(
    twice.body.faults.map(({ path }) => path),
    ['body.steps[1].operator_task.fields[1].name'],
  );
  assert.equal((await create({ title: '' })).body.code, 'validation_failed');
  const without = await openLaboratory({ hub: false });
  try {
    without.devices.addDevice('alone');
    const answer = await without.post('/workflows', { name: 'x', device_id: 'alone', steps: [seal] });
    assert.equal(answer.status, 400);
    assert.match(answer.body.detail, /HUB_SERVICE_URL/);
  } finally {
    await without.stop();
  }
});

test('what the device is told that is still to be done has no work of people in it', async () => {
  const { id, device_id } = await lab.workflow({ steps: ['aspirate', seal, 'dispense'] });
  await act(id, 'start');
  const booking = await lab.devices.api.book({ device_id, workflow_id: id });
  assert.deepEqual(booking.operations, ['aspirate', 'dispense']);
});

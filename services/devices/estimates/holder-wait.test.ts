import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  EnqueueAnswer,
  HolderWait,
  OverviewPage,
  PriorityPreview,
  QueuePage,
  WaitTime,
} from '@labwright/contract-devices';
import { isProblem } from '@labwright/kernel/errors';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const task = { id: 'task-1', code: 'operator_task', position: 2, about: 'Seal the plate' } as const;
const reason = {
  code: 'operator_task',
  text: 'Workflow holder waits for a person to do "Seal the plate".',
  workflow_id: 'holder',
  task_id: 'task-1',
  position: 2,
};

/** A device whose holder waits for a person, and one that waits for the device. */
async function held() {
  const id = await lab.addDevice();
  const booking = await lab.api.book({ device_id: id, workflow_id: 'holder', operations: ['stir'] });
  const told = { device_id: id, workflow_id: 'holder', booking_id: booking.id, wait: task, for_seconds: 60 };
  await lab.api.noteWait(told);
  const { body } = await lab.request<typeof EnqueueAnswer>('POST', `/devices/${id}/queue`, {
    workflow_id: 'w1',
  });
  return { id, told, booking, entry: body.entry };
}

async function wait(id: string) {
  const { body } = await lab.request<typeof WaitTime>('GET', `/devices/${id}/wait-time?workflow_id=w1`);
  const { estimated_wait_seconds: seconds, estimated_wait_seconds_p90: p90, estimated_start_at: at } = body;
  return { seconds, p90, at, codes: body.waiting_reasons.map(({ code }) => code), body };
}

test('while the holder waits for a person no answer tells a time, and each says why', async () => {
  const { id, entry } = await held();
  const nobody = { seconds: null, seconds_p90: null, at: null };
  assert.partialDeepStrictEqual(entry, { position: 1, estimate: nobody });
  const asked = await wait(id);
  assert.partialDeepStrictEqual(asked, { seconds: null, p90: null, at: null });
  assert.deepEqual(asked.codes, ['device_busy', 'operator_task']);
  assert.deepEqual(asked.body.waiting_reasons[1], reason);

  const { body: page } = await lab.request<typeof QueuePage>('GET', `/devices/${id}/queue`);
  assert.partialDeepStrictEqual(page.queue[0], { estimate: nobody });
  assert.deepEqual(page.queue[0]?.waiting_reasons[1], reason);
  const { body: preview } = await lab.request<typeof PriorityPreview>(
    'GET',
    `/devices/${id}/queue/${entry.id}/preview?priority=low`,
  );
  assert.deepEqual(preview.after.estimate, nobody);
  const { body: overview } = await lab.request<typeof OverviewPage>('GET', '/overview?limit=100');
  const seen = overview.devices.find((device) => device.id === id);
  assert.partialDeepStrictEqual(seen, { holder_waits: reason, holder_until: nobody, free: nobody });

  const busy = await lab.api.book({ device_id: id, workflow_id: 'w2' }).catch((error: unknown) => error);
  assert.ok(isProblem(busy, 'device_busy'));
  assert.deepEqual(busy.extra.wait, nobody);
  assert.equal(busy.retryAfter, undefined);
  assert.match(
    busy.message,
    /a length that nobody can say\. Workflow holder waits for a person to do "Seal the plate"\. /,
  );
});

test('each thing that a holder waits for is said in words, under its code', async () => {
  const { id, told } = await held();
  const said = async (what: HolderWait) => {
    await lab.api.noteWait({ ...told, wait: what });
    const { seconds, body } = await wait(id);
    assert.equal(seconds, null);
    return body.waiting_reasons[1];
  };
  const holder = { workflow_id: 'holder', position: 2 };
  const text = (rest: string) => `Workflow holder ${rest}.`;
  assert.deepEqual(await said({ id: '2/0', code: 'step_by_hand', position: 2 }), {
    ...holder,
    code: 'step_by_hand',
    text: text('waits until somebody runs step 2'),
  });
  assert.deepEqual(await said({ id: '2/1', code: 'step_failed', position: 2, about: 'The lid is stuck.' }), {
    ...holder,
    code: 'step_failed',
    text: text('has failed at step 2: The lid is stuck'),
  });
  assert.deepEqual(await said({ id: '2/1 unknown', code: 'outcome_unknown', position: 2 }), {
    ...holder,
    code: 'outcome_unknown',
    text: text('waits until somebody tells what became of step 2'),
  });
  assert.deepEqual(await said({ id: 'end', code: 'completion_by_hand' }), {
    code: 'completion_by_hand',
    text: text('waits until somebody completes it'),
    workflow_id: 'holder',
  });
});

test('while the holder carries out an operation it waits for nobody, also where it was told so late', async () => {
  const { id, told } = await held();
  await lab.api.execute({
    device_id: id,
    workflow_id: 'holder',
    operation: 'soak',
    parameters: {},
    execution_id: 'runs',
    wait_seconds: 0,
  });
  await lab.api.noteWait({ ...told, wait: { id: '1/0', code: 'step_by_hand', position: 1 } });
  assert.deepEqual((await wait(id)).codes, ['device_busy']);
});

test('once the holder begins an operation the times are back, also where an old note comes late', async () => {
  const { id, told } = await held();
  await lab.api.execute({
    device_id: id,
    workflow_id: 'holder',
    operation: 'stir',
    parameters: {},
    execution_id: 'after-the-task',
    wait_seconds: 10,
  });
  assert.equal(typeof (await wait(id)).seconds, 'number');
  await lab.api.noteWait(told);
  assert.deepEqual((await wait(id)).codes, ['device_busy']);
  await lab.api.noteWait({ ...told, wait: { ...task, id: 'task-2', about: 'Peel it off' } });
  assert.deepEqual((await wait(id)).codes, ['device_busy', 'operator_task']);
});

const past = command(
  'test.holder_wait.past',
  'UPDATE device_bookings SET wait_until = clock_timestamp() WHERE id = $1',
);

test('what is told no more is believed no more, and the next holder has nothing of it', async () => {
  const { id, booking, told } = await held();
  await lab.db.execute(past, [booking.id]);
  assert.partialDeepStrictEqual(await wait(id), { codes: ['device_busy'] });
  await lab.api.noteWait(told);
  assert.equal((await wait(id)).seconds, null);
  await lab.api.withdraw({ device_id: id, workflow_id: 'holder' });
  assert.partialDeepStrictEqual(await wait(id), { seconds: 0, codes: [] });
});

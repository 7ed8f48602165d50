import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  EnqueueAnswer,
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

const task = { id: 'task-1', title: 'Seal the plate' };
const reason = {
  code: 'operator_task',
  text: 'Workflow holder waits for a person to do "Seal the plate".',
  workflow_id: 'holder',
  task_id: 'task-1',
};

/** A device whose holder waits for a person, and one that waits for the device. */
async function held() {
  const id = await lab.addDevice();
  const booking = await lab.api.book({ device_id: id, workflow_id: 'holder', operations: ['stir'] });
  const told = { device_id: id, workflow_id: 'holder', booking_id: booking.id, task, for_seconds: 60 };
  await lab.api.noteTask(told);
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
  assert.partialDeepStrictEqual(seen, { holder_until: nobody, free: nobody });

  const busy = await lab.api.book({ device_id: id, workflow_id: 'w2' }).catch((error: unknown) => error);
  assert.ok(isProblem(busy, 'device_busy'));
  assert.deepEqual(busy.extra.wait, nobody);
  assert.equal(busy.retryAfter, undefined);
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
  await lab.api.noteTask(told);
  assert.deepEqual((await wait(id)).codes, ['device_busy']);
  await lab.api.noteTask({ ...told, task: { id: 'task-2', title: 'Peel it off' } });
  assert.deepEqual((await wait(id)).codes, ['device_busy', 'operator_task']);
});

const past = command(
  'test.person.past',
  'UPDATE device_bookings SET task_until = clock_timestamp() WHERE id = $1',
);

test('what is told no more is believed no more, and the next holder has nothing of it', async () => {
  const { id, booking, told } = await held();
  await lab.db.execute(past, [booking.id]);
  assert.partialDeepStrictEqual(await wait(id), { codes: ['device_busy'] });
  await lab.api.noteTask(told);
  assert.equal((await wait(id)).seconds, null);
  await lab.api.withdraw({ device_id: id, workflow_id: 'holder' });
  assert.partialDeepStrictEqual(await wait(id), { seconds: 0, codes: [] });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { DeviceEvent } from '@labwright/contract-devices';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';
import { storePage } from './follow.ts';

const startAgain = command(
  'test.feed.start_again',
  `UPDATE followed SET cursor = NULL WHERE feed = 'devices'`,
);

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ settings: { actionLeaseMs: 150 } });
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

const read = async (id: string) => (await lab.get(`/workflows/${id}`)).body;

/** A running workflow, and one that waits for its device. */
async function holderAndWaiter() {
  const holder = await lab.workflow();
  const waiter = await lab.workflow({ device_id: holder.device_id });
  await lab.post(`/workflows/${holder.id}/start`);
  await lab.post(`/workflows/${waiter.id}/start`, { queue: true });
  await lab.follow();
  return { holder, waiter, device: holder.device_id };
}

test('booking.granted starts the workflow whose turn it is', async () => {
  const { holder, waiter, device } = await holderAndWaiter();
  await lab.post(`/workflows/${holder.id}/complete`);
  assert.equal((await read(waiter.id)).status, 'queued');
  await lab.follow();
  const { status, booking_id, fencing_token, queue_entry_id, started_at } = await read(waiter.id);
  const booking = lab.devices.holder(device);
  assert.deepEqual([status, booking_id, fencing_token], ['running', booking?.id, booking?.fencing_token]);
  assert.equal(queue_entry_id, null);
  assert.ok(started_at);
});

test('booking.released pauses the workflow whose booking it was, and no other', async () => {
  const { holder, waiter, device } = await holderAndWaiter();
  lab.devices.releaseByHand(device);
  await lab.follow();
  const { status, status_reason, booking_id } = await read(holder.id);
  assert.deepEqual([status, booking_id], ['paused', null]);
  assert.match(status_reason ?? '', /was released: by hand/);
  assert.equal((await read(waiter.id)).status, 'running');
});

test('queue.cancelled puts a workflow back to what it was before it queued', async () => {
  const { waiter, device } = await holderAndWaiter();
  lab.devices.cancelEntryByHand(device, waiter.id);
  await lab.follow();
  const first = await read(waiter.id);
  assert.deepEqual([first.status, first.queue_entry_id], ['created', null]);
  assert.match(first.status_reason ?? '', /was cancelled: by hand/);

  const { holder, waiter: other, device: another } = await holderAndWaiter();
  await lab.post(`/workflows/${holder.id}/pause`);
  await lab.follow();
  assert.equal((await read(other.id)).status, 'running');
  await lab.post(`/workflows/${holder.id}/resume`, { queue: true });
  lab.devices.cancelEntryByHand(another, holder.id);
  await lab.follow();
  assert.equal((await read(holder.id)).status, 'paused');
});

test('an entry that somebody moved: its workflow has that priority too, and keeps it when it waits again', async () => {
  const { waiter, device } = await holderAndWaiter();
  await lab.devices.api.enqueue({ device_id: device, workflow_id: waiter.id, priority: 'urgent' });
  await lab.follow();
  assert.equal((await read(waiter.id)).priority, 'urgent');
  lab.devices.cancelEntryByHand(device, waiter.id);
  await lab.follow();
  await lab.post(`/workflows/${waiter.id}/start`, { queue: true });
  assert.equal(lab.devices.waiting(device)[0]?.priority, 'urgent');
});

test('news of an entry that was replaced since changes nothing', async () => {
  const { waiter, device } = await holderAndWaiter();
  lab.devices.cancelEntryByHand(device, waiter.id);
  await lab.repairAll();
  await lab.follow();
  const { status, queue_entry_id } = await read(waiter.id);
  assert.deepEqual([status, queue_entry_id], ['queued', lab.devices.waiting(device)[0]?.id]);
});

test('execution.finished records the outcome of its step, once', async () => {
  const { id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  lab.devices.onExecute = () => 'hang';
  const { step } = (await lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 })).body;
  lab.devices.finish(step.execution_id ?? '', 'failed');
  await lab.follow();
  const { status, steps } = await read(id);
  assert.deepEqual([status, steps[0]?.status, steps[0]?.error?.code], ['failed', 'failed', 'device_failed']);
});

test('old news is no news: events that were overtaken change nothing', async () => {
  const { holder, device } = await holderAndWaiter();
  for (const action of ['pause', 'cancel']) await lab.post(`/workflows/${holder.id}/${action}`);
  const other = await lab.workflow({ device_id: device });
  await lab.post(`/workflows/${other.id}/start`, { queue: true });
  await lab.post(`/workflows/${other.id}/cancel`);
  const again = await lab.workflow();
  await lab.post(`/workflows/${again.id}/start`);
  await lab.post(`/workflows/${again.id}/pause`);
  const resumed = (await lab.post(`/workflows/${again.id}/resume`)).body.workflow;
  await lab.follow();
  assert.deepEqual(
    [(await read(holder.id)).status, (await read(other.id)).status],
    ['cancelled', 'cancelled'],
  );
  const { updated_at, ...now } = await read(again.id);
  assert.deepEqual({ ...now, updated_at: resumed.updated_at }, resumed);
});

const hold = command(
  'test.feed.hold',
  `UPDATE workflows SET action = $2, action_id = gen_random_uuid(), action_args = '{"by": "request"}',
     action_until = clock_timestamp() + interval '1 hour' WHERE id = $1`,
);
const letGo = command(
  'test.feed.let_go',
  'UPDATE workflows SET action = NULL, action_id = NULL, action_args = NULL, action_until = NULL WHERE id = $1',
);

test('an event waits for the action in hand, and is taken in when that has ended', async () => {
  const { holder, waiter, device } = await holderAndWaiter();
  await lab.database.db.execute(hold, [waiter.id, 'cancel']);
  lab.devices.releaseByHand(device);
  const followed = lab.follow();
  await lab.database.db.execute(letGo, [waiter.id]);
  await followed;
  assert.deepEqual([(await read(holder.id)).status, (await read(waiter.id)).status], ['paused', 'running']);
});

test('an event waits at most a lease: one workflow does not hold up the feed', async () => {
  const { holder, waiter, device } = await holderAndWaiter();
  await lab.database.db.execute(hold, [waiter.id, 'cancel']);
  lab.devices.releaseByHand(device);
  await lab.follow();
  assert.deepEqual([(await read(holder.id)).status, (await read(waiter.id)).status], ['paused', 'running']);
  await lab.repairAll();
  await lab.follow();
  assert.deepEqual([(await read(waiter.id)).status, lab.devices.holder(device)], ['cancelled', undefined]);
});

const undoOther = command(
  'test.feed.undo_other',
  `UPDATE workflows SET action = 'undo', action_id = gen_random_uuid(),
     action_args = '{"by": "feed", "booking_id": "another"}', action_until = clock_timestamp() + interval '1 hour'
   WHERE id = $1`,
);

test('a booking that appears while another one is being taken back is taken back with it', async () => {
  const { id, device_id } = await lab.workflow();
  lab.network.fault = (call) => (call === 'book' ? 'late' : undefined);
  await lab.post(`/workflows/${id}/start`);
  await lab.repairAll();
  await lab.database.db.execute(undoOther, [id]);
  await lab.network.deliver();
  await lab.follow();
  assert.equal(lab.devices.holder(device_id)?.workflow_id, id);
  await lab.repairAll();
  assert.equal(lab.devices.holder(device_id), undefined);
});

test('a turn that came and went before anybody looked does not count', async () => {
  const { holder, waiter, device } = await holderAndWaiter();
  const third = await lab.workflow({ device_id: device });
  await lab.post(`/workflows/${third.id}/start`, { queue: true });
  await lab.follow();
  lab.devices.releaseByHand(device);
  lab.devices.releaseByHand(device);
  await lab.repairAll();
  const before = await read(waiter.id);
  assert.equal(before.status, 'queued');
  await lab.follow();
  const states = [(await read(holder.id)).status, (await read(third.id)).status];
  assert.deepEqual(states, ['paused', 'running']);
  const { status, queue_entry_id } = await read(waiter.id);
  assert.deepEqual([status, queue_entry_id], ['queued', lab.devices.waiting(device)[0]?.id]);
});

const Place = Type.Object({ cursor: nullable(Type.String()) });
const place = rows('test.feed.place', Place, `SELECT cursor FROM followed WHERE feed = 'devices'`);
const forgetPage = command('test.feed.forget', `UPDATE followed SET cursor = NULL WHERE feed = 'devices'`);

const jobsTwice = rows(
  'test.feed.jobs_twice',
  Type.Object({ count: Type.Integer() }),
  `SELECT count(*)::int AS count FROM (SELECT FROM jobs GROUP BY args->>'id' HAVING count(*) > 1) AS twice`,
);

test('several followers take each event in once, and none goes back', async () => {
  const workflows = await Promise.all(Array.from({ length: 20 }, () => lab.workflow()));
  for (const { id } of workflows) await lab.post(`/workflows/${id}/start`);
  for (const { device_id } of workflows) lab.devices.releaseByHand(device_id);
  const last = lab.devices.events.length;
  const arrived = async () => (await lab.database.db.first(place))?.cursor === String(last);
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!(await arrived())) await storePage(lab.deps, 0);
    }),
  );
  await lab.takeIn();
  for (const { id } of workflows) assert.equal((await read(id)).status, 'paused');
  const { count } = (await lab.database.db.first(jobsTwice)) ?? {};
  assert.equal(count, 0);
});

test('a follower that dies while it stores a page: the page is stored whole by the next one', async () => {
  const { holder, device } = await holderAndWaiter();
  lab.devices.releaseByHand(device);
  const before = await lab.database.db.first(place);
  const { db } = lab.deps;
  const dying = {
    ...lab.deps,
    db: {
      ...db,
      transaction: ((work, options) =>
        db.transaction(async (tx) => {
          await work(tx);
          throw new Error('killed');
        }, options)) as typeof db.transaction,
    },
  };
  await assert.rejects(storePage(dying, 0), /killed/);
  assert.deepEqual(await db.first(place), before);
  await lab.takeIn();
  assert.equal((await read(holder.id)).status, 'running');
  await lab.follow();
  assert.deepEqual(await db.first(place), { cursor: String(lab.devices.events.length) });
  assert.equal((await read(holder.id)).status, 'paused');
});

const jobOf = rows(
  'test.feed.job_of',
  Type.Object({ id: Type.String(), state: Type.String(), error: Type.Unknown() }),
  `SELECT id, state, error FROM jobs WHERE args->>'id' = $1`,
);

test('an event that waits for the action of its workflow holds up no other workflow', async () => {
  const impatient = lab;
  lab = await openLaboratory({ settings: { actionLeaseMs: 600_000 } });
  try {
    const { holder, waiter, device } = await holderAndWaiter();
    const other = await holderAndWaiter();
    await lab.database.db.execute(hold, [waiter.id, 'cancel']);
    lab.devices.releaseByHand(device);
    lab.devices.releaseByHand(other.device);
    while ((await storePage(lab.deps, 0)) > 0);
    await eventually('the other workflow has its turn', async () =>
      (await read(other.waiter.id)).status === 'running' ? true : undefined,
    );
    await eventually('who held the device hears of it', async () =>
      (await read(holder.id)).status === 'paused' ? true : undefined,
    );
    assert.equal((await read(waiter.id)).status, 'queued');
    await lab.database.db.execute(letGo, [waiter.id]);
    await lab.takeIn();
    assert.equal((await read(waiter.id)).status, 'running');
  } finally {
    await lab.stop();
    lab = impatient;
  }
});

test('while device-service cannot say how an operation ended, the event waits, and others go on', async () => {
  const { id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  lab.devices.onExecute = () => 'hang';
  const { step } = (await lab.post(`/workflows/${id}/execute-step`, { wait_seconds: 0 })).body;
  const { holder, device } = await holderAndWaiter();
  let asked = 0;
  lab.network.fault = (call) => {
    if (call !== 'getExecution') return undefined;
    asked += 1;
    return asked > 2 ? undefined : 'unreachable';
  };
  lab.devices.finish(step.execution_id ?? '', 'succeeded');
  lab.devices.releaseByHand(device);
  await lab.follow();
  assert.equal(asked, 3);
  const event = lab.devices.events.find(
    ({ data }) => (data as { execution_id?: string }).execution_id === step.execution_id,
  );
  assert.equal((await lab.database.db.first(jobOf, [event?.id]))?.state, 'succeeded');
  assert.deepEqual(
    [(await read(id)).steps[0]?.status, (await read(holder.id)).status],
    ['succeeded', 'paused'],
  );
});

test('events may be taken in twice: a feed that starts over does no harm', async () => {
  const { holder, waiter } = await holderAndWaiter();
  await lab.post(`/workflows/${holder.id}/complete`);
  await lab.follow();
  const before = (await lab.get('/workflows?limit=100')).body.workflows.map(({ id, status }) => [id, status]);
  await lab.database.db.execute(forgetPage);
  await lab.follow();
  const now = (await lab.get('/workflows?limit=100')).body.workflows.map(({ id, status }) => [id, status]);
  assert.deepEqual(now, before);
  assert.equal((await read(waiter.id)).status, 'running');
});

const strangePlace = command(
  'test.feed.strange',
  `UPDATE followed SET cursor = '1000000' WHERE feed = 'devices'`,
);

test('a cursor that device-service does not know: starts over', async () => {
  const { waiter, device } = await holderAndWaiter();
  await lab.database.db.execute(strangePlace);
  lab.devices.cancelEntryByHand(device, waiter.id);
  await assert.rejects(storePage(lab.deps, 0), { code: 'invalid_cursor' });
  await lab.follow();
  assert.equal((await read(waiter.id)).status, 'created');
});

test('an event that cannot be understood is left out, and the next one counts', async () => {
  const { holder, device } = await holderAndWaiter();
  (lab.devices.events as DeviceEvent[]).push({
    id: 'broken',
    type: 'booking.released',
    device_id: device,
    workflow_id: holder.id,
    data: {},
    at: new Date().toISOString(),
  });
  lab.devices.releaseByHand(device);
  await lab.follow();
  assert.equal((await read(holder.id)).status, 'paused');
  const job = await lab.database.db.first(jobOf, ['broken']);
  assert.equal(job?.state, 'failed');
  assert.match(JSON.stringify(job?.error), /is not understood: .*booking_id/);
});

test('an outage in the middle of the feed leaves nothing out', async () => {
  const { holder, device } = await holderAndWaiter();
  lab.devices.releaseByHand(device);
  lab.network.fault = () => 'unreachable';
  await assert.rejects(storePage(lab.deps, 0), { code: 'device_service_unreachable' });
  lab.network.fault = () => undefined;
  await lab.follow();
  assert.equal((await read(holder.id)).status, 'paused');
});

test('booked anew by hand after the booking was lost: that one is released in the end', async () => {
  const { id, device_id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  await lab.follow();
  lab.devices.forgetBooking(device_id);
  const booking = await lab.devices.api.book({ device_id, workflow_id: id });
  await lab.follow();
  assert.equal((await read(id)).booking_id, booking.id);
  await lab.post(`/workflows/${id}/complete`);
  assert.equal(lab.devices.holder(device_id), undefined);
});

test('a workflow that is over keeps no device: rebooked by hand before its end or after, it is released', async () => {
  for (const end of ['complete', 'cancel']) {
    const { id, device_id } = await lab.workflow();
    await lab.post(`/workflows/${id}/start`);
    await lab.follow();
    lab.devices.forgetBooking(device_id);
    await lab.devices.api.book({ device_id, workflow_id: id });
    // Nobody has read of the new booking yet.
    await lab.post(`/workflows/${id}/${end}`);
    assert.equal(lab.devices.holder(device_id), undefined, end);
    await lab.devices.api.book({ device_id, workflow_id: id });
    await lab.follow();
    assert.equal(lab.devices.holder(device_id), undefined, `after ${end}`);
    assert.equal((await read(id)).status, end === 'complete' ? 'completed' : 'cancelled');
  }
});

test('a workflow that is over keeps no other device either, and is not touched when the feed is read again', async () => {
  const { id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  await lab.post(`/workflows/${id}/complete`);
  const other = await lab.workflow();
  await lab.devices.api.book({ device_id: other.device_id, workflow_id: id });
  await lab.follow();
  assert.equal(lab.devices.holder(other.device_id), undefined);
  const before = await read(id);
  await lab.database.db.execute(startAgain);
  await lab.follow();
  assert.deepEqual(await read(id), before);
});

test('a workflow whose booking vanished without a word is paused by the repair', async () => {
  const { id, device_id } = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  await lab.follow();
  lab.devices.forgetBooking(device_id);
  await lab.repairAll();
  assert.equal((await read(id)).status, 'paused');
  assert.match((await read(id)).status_reason ?? '', /does not know its booking/);
  const { id: busy } = await lab.workflow();
  await lab.post(`/workflows/${busy}/start`);
  await lab.repairAll();
  assert.equal((await read(busy)).status, 'running');
});

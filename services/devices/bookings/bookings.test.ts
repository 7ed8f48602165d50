import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  BookAnswer,
  Booking,
  BookingPage,
  DeviceView,
  ReleaseAnswer,
  WithdrawAnswer,
} from '@labwright/contract-devices';
import type { Static } from 'typebox';
import { type Answer, type Laboratory, openLaboratory } from '../testing/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const book = (id: string, workflow_id: string) =>
  lab.request<typeof BookAnswer>('POST', `/devices/${id}/book`, { workflow_id });
const release = (id: string, body: object) =>
  lab.request<typeof ReleaseAnswer>('POST', `/devices/${id}/release`, body);

/** Begins a `soak` that goes on until `lab.bench.finish`. */
const soak = (device_id: string, workflow_id: string) =>
  lab.api.execute({
    device_id,
    workflow_id,
    operation: 'soak',
    parameters: {},
    execution_id: `soak-${device_id}`,
    wait_seconds: 0,
  });

test('book 200 with message, booking and device; by the holder again the same booking', async () => {
  const id = await lab.addDevice();
  const { status, body } = await lab.request<typeof BookAnswer>('POST', `/devices/${id}/book`, {
    workflow_id: 'w1',
    operations: ['stir', 'stir', 'soak'],
  });
  assert.equal(status, 200);
  assert.equal(typeof body.message, 'string');
  assert.partialDeepStrictEqual(body, {
    booking: {
      device_id: id,
      workflow_id: 'w1',
      status: 'active',
      fencing_token: 1,
      operations: ['stir', 'stir', 'soak'],
      queue_entry_id: null,
      released_at: null,
    },
    device: { id, status: 'busy', fencing_token: 1, capabilities: ['stir', 'soak'] },
  });
  const again = await book(id, 'w1');
  assert.equal(again.status, 200);
  assert.deepEqual(again.body.booking, body.booking);
  assert.deepEqual(again.body.device, body.device);
});

test('book 409 device_busy says who holds it, how many wait and how long it takes', async () => {
  const id = await lab.addDevice();
  const held = (await book(id, 'w1')).body.booking;
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  const { status, body, headers } = await lab.request('POST', `/devices/${id}/book`, { workflow_id: 'w3' });
  assert.equal(status, 409);
  assert.equal(body.code, 'device_busy');
  assert.deepEqual(body.holder, { workflow_id: 'w1', booking_id: held.id, booked_at: held.booked_at });
  assert.equal(body.queue_length, 1);
  const wait = body.wait as { seconds: number; seconds_p90: number; at: string };
  assert.ok(wait.seconds > 0 && wait.seconds_p90 > wait.seconds);
  assert.ok(Date.parse(wait.at) > Date.now());
  assert.ok(Number(headers['retry-after']) >= 1);
});

test('book 400 without workflow_id, with no body at all, with an unknown member; 404 for an unknown device', async () => {
  const id = await lab.addDevice();
  const missing = await lab.request('POST', `/devices/${id}/book`, {});
  assert.equal(missing.status, 400);
  assert.deepEqual(missing.body.faults, [{ path: 'body.workflow_id', message: 'is required' }]);
  assert.equal((await lab.request('POST', `/devices/${id}/book`)).status, 400);
  assert.equal((await lab.request('POST', `/devices/${id}/book`, { workflow: 'w1' })).status, 400);
  assert.equal(
    (await lab.request('POST', `/devices/${id}/book`, { workflow_id: 'x'.repeat(37) })).status,
    400,
  );
  const unknown = await lab.request('POST', '/devices/no-such/book', { workflow_id: 'w1' });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.code, 'device_not_found');
});

test('release 200 hands the device to the first of the queue; asked again it answers the same booking', async () => {
  const id = await lab.addDevice();
  const first = (await book(id, 'w1')).body.booking;
  await lab.api.enqueue({ device_id: id, workflow_id: 'slow', priority: 'low' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'normal' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'urgent', priority: 'urgent' });

  const { status, body } = await release(id, { workflow_id: 'w1', reason: 'done' });
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body, {
    booking: { id: first.id, status: 'released', release_reason: 'done' },
    next_booking: { workflow_id: 'urgent', fencing_token: 2, status: 'active' },
  });
  const again = await release(id, { workflow_id: 'w1' });
  assert.equal(again.status, 200);
  assert.deepEqual(again.body.booking, body.booking);
  assert.equal(again.body.next_booking, null);

  assert.equal((await release(id, { workflow_id: 'urgent' })).body.next_booking?.workflow_id, 'normal');
  assert.equal((await release(id, { workflow_id: 'normal' })).body.next_booking?.workflow_id, 'slow');
  assert.equal((await release(id, { workflow_id: 'slow' })).body.next_booking, null);
  const view = (await lab.request<typeof DeviceView>('GET', `/devices/${id}`)).body;
  assert.partialDeepStrictEqual(view, {
    status: 'available',
    booking: null,
    queue_length: 0,
    fencing_token: 4,
  });
});

test('release with booking_id ends that booking only, and no later one', async () => {
  const id = await lab.addDevice();
  const old = (await book(id, 'w1')).body.booking;
  await release(id, { workflow_id: 'w1' });
  const current = (await book(id, 'w1')).body.booking;
  const late = await release(id, { workflow_id: 'w1', booking_id: old.id });
  assert.equal(late.status, 200);
  assert.equal(late.body.booking?.id, old.id);
  assert.equal((await lab.request<typeof DeviceView>('GET', `/devices/${id}`)).body.booking?.id, current.id);
});

test('release 403 not_the_holder for everybody else, 404 for an unknown device', async () => {
  const id = await lab.addDevice();
  const nobody = await lab.request('POST', `/devices/${id}/release`, { workflow_id: 'w1' });
  assert.equal(nobody.status, 403);
  const held = (await book(id, 'w1')).body.booking;
  for (const body of [
    { workflow_id: 'w2' },
    { workflow_id: 'w2', booking_id: held.id },
    { workflow_id: 'w1', booking_id: '999999' },
    { workflow_id: 'w1', booking_id: 'not a number' },
    { workflow_id: 'w1', booking_id: '99999999999999999999' },
  ]) {
    const refused = await lab.request('POST', `/devices/${id}/release`, body);
    assert.equal(refused.status, 403, JSON.stringify(body));
    assert.equal(refused.body.code, 'not_the_holder');
  }
  assert.equal((await release('no-such', { workflow_id: 'w1' })).status, 404);
  assert.equal((await release(id, {})).status, 400);
});

test('a device with a running operation is neither released nor withdrawn from nor deleted', async () => {
  const id = await lab.addDevice();
  await book(id, 'w1');
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  const execution = await soak(id, 'w1');
  assert.equal(execution.status, 'running');
  for (const way of ['release', 'withdraw']) {
    const { status, body } = await lab.request('POST', `/devices/${id}/${way}`, { workflow_id: 'w1' });
    assert.equal(status, 409, way);
    assert.partialDeepStrictEqual(body, { code: 'device_operating', execution_id: execution.execution_id });
  }
  // Whoever only waits may leave.
  const left = await lab.request<typeof WithdrawAnswer>('POST', `/devices/${id}/withdraw`, {
    workflow_id: 'w2',
  });
  assert.equal(left.status, 200);
  // A booking removed by hand does not stop the arm.
  await lab.db.raw(`DELETE FROM device_bookings WHERE device_id = '${id}'`);
  assert.equal((await lab.request('DELETE', `/devices/${id}`)).body.code, 'device_operating');
});

test('withdraw 200 leaves neither booking nor entry, and with nothing to do does nothing', async () => {
  const id = await lab.addDevice();
  await book(id, 'w1');
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w3' });
  const withdraw = (workflow_id: string, more: object = {}) =>
    lab.request('POST', `/devices/${id}/withdraw`, { workflow_id, ...more });

  assert.equal((await withdraw('stranger')).status, 200);
  assert.equal((await withdraw('w2', { reason: 'changed my mind' })).status, 200);
  assert.equal((await withdraw('w1', { booking_id: '1' })).status, 200);
  assert.equal(
    (await lab.request<typeof DeviceView>('GET', `/devices/${id}`)).body.booking?.workflow_id,
    'w1',
  );
  assert.equal((await withdraw('w1')).status, 200);
  assert.equal((await withdraw('w1')).status, 200);
  const view = (await lab.request<typeof DeviceView>('GET', `/devices/${id}`)).body;
  assert.partialDeepStrictEqual(view, { status: 'busy', booking: { workflow_id: 'w3' }, queue_length: 0 });
  assert.equal((await lab.request('POST', '/devices/no-such/withdraw', { workflow_id: 'w1' })).status, 404);
});

test('GET /devices/{id}/bookings newest first, in pages, by status', async () => {
  const id = await lab.addDevice();
  for (const workflow of ['w1', 'w2', 'w3', 'w4', 'w5']) {
    await book(id, workflow);
    if (workflow !== 'w5') await release(id, { workflow_id: workflow });
  }
  const seen: Booking[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `&cursor=${cursor}` : '';
    const { body }: Answer<Static<typeof BookingPage>> = await lab.request<typeof BookingPage>(
      'GET',
      `/devices/${id}/bookings?limit=2${query}`,
    );
    seen.push(...body.bookings);
    cursor = body.next_cursor;
  } while (cursor);
  assert.deepEqual(
    seen.map(({ workflow_id }) => workflow_id),
    ['w5', 'w4', 'w3', 'w2', 'w1'],
  );
  const list = (query: string) => lab.request<typeof BookingPage>('GET', `/devices/${id}/bookings?${query}`);
  assert.equal((await list('status=active')).body.bookings.length, 1);
  assert.equal((await list('status=released')).body.bookings.length, 4);
  assert.equal((await list('status=lost')).status, 400);
  assert.equal((await list('cursor=zzz')).status, 400);
  assert.equal((await lab.request('GET', '/devices/no-such/bookings')).status, 404);
});

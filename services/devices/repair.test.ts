import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeviceView } from '@labwright/contract-devices';
import { repairDevices } from './repair.ts';
import { type Laboratory, openLaboratory } from './testing/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const view = async (id: string) => (await lab.request<typeof DeviceView>('GET', `/devices/${id}`)).body;
const edit = (sql: string) => lab.db.raw(sql);

test('what nobody edited is left alone', async () => {
  const free = await lab.addDevice();
  const held = await lab.addDevice();
  await lab.api.book({ device_id: held, workflow_id: 'w1' });
  await lab.api.enqueue({ device_id: held, workflow_id: 'w2' });
  const serviced = await lab.addDevice();
  await lab.request('PATCH', `/devices/${serviced}`, { status: 'maintenance' });
  await lab.api.enqueue({ device_id: serviced, workflow_id: 'w1' });
  const before = [await view(free), await view(held), await view(serviced)];
  assert.deepEqual(await repairDevices(lab.deps), []);
  assert.deepEqual([await view(free), await view(held), await view(serviced)], before);
});

test('bookings deleted by hand: the first of the queue is booked, and a device without one is free', async () => {
  const waited = await lab.addDevice();
  const alone = await lab.addDevice();
  for (const id of [waited, alone]) await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.api.enqueue({ device_id: waited, workflow_id: 'w2' });
  await edit(`DELETE FROM device_bookings WHERE device_id IN ('${waited}', '${alone}')`);
  assert.deepEqual(await repairDevices(lab.deps), [waited, alone]);
  assert.partialDeepStrictEqual(await view(waited), {
    status: 'busy',
    booking: { workflow_id: 'w2', fencing_token: 2 },
    queue_length: 0,
  });
  assert.partialDeepStrictEqual(await view(alone), { status: 'available', booking: null, fencing_token: 1 });
  assert.deepEqual(await repairDevices(lab.deps), []);
});

test('a status edited by hand is put right, and told', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await edit(`UPDATE devices SET status = 'available' WHERE id = '${id}'`);
  const { next_cursor: cursor } = await lab.api.events({ wait_seconds: 0 });
  assert.deepEqual(await repairDevices(lab.deps), [id]);
  assert.partialDeepStrictEqual(await view(id), { status: 'busy', booking: { workflow_id: 'w1' } });
  const { events } = await lab.api.events({ cursor, wait_seconds: 10 });
  assert.deepEqual(
    events.map(({ type, device_id, data }) => [type, device_id, data.status]),
    [['device.changed', id, 'busy']],
  );
});

test('a device in maintenance stays in it, whatever its bookings say', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.request('PATCH', `/devices/${id}`, { status: 'maintenance' });
  await edit(`DELETE FROM device_bookings WHERE device_id = '${id}'`);
  assert.deepEqual(await repairDevices(lab.deps), []);
  assert.equal((await view(id)).status, 'maintenance');
});

test('many at once, more than one page of them', async () => {
  await edit(
    `INSERT INTO devices (id, name, type, capabilities, status)
     SELECT 'many-' || n, 'many', 'bench', '{}', 'busy' FROM generate_series(1, 250) AS n`,
  );
  assert.equal((await repairDevices(lab.deps)).length, 250);
  assert.deepEqual(await repairDevices(lab.deps), []);
});

test('a service that starts repairs at once, and its feed tells; it stops with a reader waiting', async () => {
  const own = await openLaboratory({ settings: { repairMs: 600_000 } });
  try {
    const id = await own.addDevice();
    await own.api.book({ device_id: id, workflow_id: 'w1' });
    await own.api.enqueue({ device_id: id, workflow_id: 'w2' });
    await own.db.raw('DELETE FROM device_bookings');
    const { next_cursor: cursor } = await own.api.events({ wait_seconds: 0 });
    const woken = own.api.events({ cursor, wait_seconds: 60 });
    await own.service.start();
    const page = await woken;
    assert.partialDeepStrictEqual(page.events[0], { type: 'booking.granted', workflow_id: 'w2' });
    const waiting = own.api.events({ cursor: page.next_cursor, wait_seconds: 60 });
    await own.service.stop();
    // The event that the repair tells may still have come with it.
    assert.ok((await waiting).events.length <= 1);
  } finally {
    await own.close();
  }
});

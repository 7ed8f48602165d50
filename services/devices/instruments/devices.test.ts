import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  Device,
  DeviceAnswer,
  DevicePage,
  DeviceView,
  ReleaseAnswer,
} from '@labwright/contract-devices';
import type { Static } from 'typebox';
import { type Answer, type Laboratory, openLaboratory } from '../testing/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const device = (id: string, more: object = {}) => ({ id, name: id, type: 'bench', ...more });

test('POST /devices 201: what it can do comes from the driver', async () => {
  const { status, body } = await lab.request<typeof DeviceAnswer>(
    'POST',
    '/devices',
    device('new-1', { name: 'The first', location: 'Bench 3', nests: 4, settings: { port: 'COM1' } }),
  );
  assert.equal(status, 201);
  assert.partialDeepStrictEqual(body.device, {
    id: 'new-1',
    name: 'The first',
    type: 'bench',
    status: 'available',
    paused: false,
    capabilities: ['stir', 'soak'],
    nests: 4,
    location: 'Bench 3',
    settings: { port: 'COM1' },
    fencing_token: 0,
  });
});

test('POST /devices 400: unknown type, settings that the driver refuses, a misspelt member, a bad id', async () => {
  const unknown = await lab.request('POST', '/devices', device('new-2', { type: 'toaster' }));
  assert.equal(unknown.status, 400);
  assert.partialDeepStrictEqual(unknown.body, { code: 'unknown_device_type', known_types: ['bench'] });

  const settings = await lab.request('POST', '/devices', device('new-2', { settings: { prot: 'COM1' } }));
  assert.equal(settings.status, 400);
  assert.equal(settings.body.code, 'validation_failed');
  assert.equal(settings.body.faults?.[0]?.path, 'body.settings.prot');

  const misspelt = await lab.request('POST', '/devices', device('new-2', { nest: 1 }));
  assert.deepEqual(misspelt.body.faults, [{ path: 'body.nest', message: 'is not known here' }]);

  assert.equal((await lab.request('POST', '/devices', device('no spaces'))).status, 400);
  assert.equal((await lab.request('POST', '/devices')).status, 400);
});

test('POST /devices 409 for a second one with the id; the same request again finds the device it made', async () => {
  const key = { 'idempotency-key': 'make-new-3' };
  const first = await lab.request<typeof DeviceAnswer>('POST', '/devices', device('new-3'), key);
  assert.equal(first.status, 201);
  // As after a crash between the change and the record of its answer.
  await lab.db.raw('DELETE FROM idempotency_keys');
  const again = await lab.request<typeof DeviceAnswer>('POST', '/devices', device('new-3'), key);
  assert.equal(again.status, 201);
  assert.deepEqual(again.body.device, first.body.device);

  const other = await lab.request('POST', '/devices', device('new-3'));
  assert.equal(other.status, 409);
  assert.equal(other.body.code, 'device_exists');
});

test('GET /devices/{id} 200 with the fields at top level, its booking and its queue; 404', async () => {
  const id = await lab.addDevice();
  const free = await lab.request<typeof DeviceView>('GET', `/devices/${id}`);
  assert.equal(free.status, 200);
  assert.partialDeepStrictEqual(free.body, { id, status: 'available', booking: null, queue_length: 0 });

  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  const busy = await lab.request<typeof DeviceView>('GET', `/devices/${id}`);
  assert.partialDeepStrictEqual(busy.body, {
    status: 'busy',
    fencing_token: 1,
    booking: { workflow_id: 'w1', fencing_token: 1, status: 'active' },
    queue_length: 1,
  });

  for (const nobody of ['no-such', 'no%00thing', '%F0%9F%A7%AA', 'x'.repeat(200)]) {
    const { status } = await lab.request('GET', `/devices/${nobody}`);
    assert.ok(status === 404 || status === 400, `${nobody}: ${status}`);
  }
  assert.equal((await lab.request('GET', '/devices/no-such')).body.code, 'device_not_found');
});

test('GET /devices pages by id and filters by status, type and capability', async () => {
  for (const id of ['page-a', 'page-b', 'page-c', 'page-d'])
    await lab.request('POST', '/devices', device(id));
  await lab.api.book({ device_id: 'page-b', workflow_id: 'pager' });

  const seen: Device[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `&cursor=${cursor}` : '';
    const { status, body }: Answer<Static<typeof DevicePage>> = await lab.request<typeof DevicePage>(
      'GET',
      `/devices?limit=3${query}`,
    );
    assert.equal(status, 200);
    assert.ok(body.devices.length <= 3);
    seen.push(...body.devices);
    cursor = body.next_cursor;
  } while (cursor);
  const ids = seen.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ['page-a', 'page-b', 'page-c', 'page-d']) assert.ok(ids.includes(id));

  const all = (query: string) => lab.request<typeof DevicePage>('GET', `/devices?limit=100&${query}`);
  const busy = (await all('status=busy')).body.devices;
  assert.ok(busy.length > 0 && busy.every(({ status }) => status === 'busy'));
  assert.equal((await all('capability=stir&type=bench')).body.devices.length, ids.length);
  assert.equal((await all('capability=fly')).body.devices.length, 0);
  assert.equal((await all('type=toaster&status=busy&capability=stir')).body.devices.length, 0);
});

test('GET /devices 400: a cursor that is not ours, a limit out of range, an unknown filter', async () => {
  for (const cursor of ['nonsense', Buffer.from('["queue",1]').toString('base64url')]) {
    const { status, body } = await lab.request('GET', `/devices?cursor=${cursor}`);
    assert.equal(status, 400);
    assert.equal(body.code, 'invalid_cursor');
  }
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'state=busy', 'status=broken'])
    assert.equal((await lab.request('GET', `/devices?${query}`)).status, 400, query);
});

test('PATCH /devices/{id} 200: name, place, settings, pause; 400; 404', async () => {
  const id = await lab.addDevice();
  const path = `/devices/${id}`;
  const { status, body } = await lab.request<typeof DeviceAnswer>('PATCH', path, {
    name: 'Renamed',
    location: 'Bench 9',
    settings: { port: 'COM7' },
    paused: true,
  });
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body.device, {
    name: 'Renamed',
    location: 'Bench 9',
    settings: { port: 'COM7' },
    paused: true,
    status: 'available',
  });
  const cleared = await lab.request<typeof DeviceAnswer>('PATCH', path, { location: null, paused: false });
  assert.equal(cleared.body.device.location, null);
  assert.equal(cleared.body.device.name, 'Renamed');

  assert.equal((await lab.request('PATCH', path, { status: 'busy' })).status, 400);
  assert.equal((await lab.request('PATCH', path, { settings: { prot: 1 } })).status, 400);
  assert.equal((await lab.request('PATCH', path, { type: 'toaster' })).status, 400);
  assert.equal((await lab.request('PATCH', path)).status, 400);
  assert.equal((await lab.request('PATCH', '/devices/no-such', { paused: true })).status, 404);
});

test('maintenance books nobody and keeps the queue; back from it the first of the queue holds the device', async () => {
  const id = await lab.addDevice();
  const path = `/devices/${id}`;
  await lab.request('PATCH', path, { status: 'maintenance' });
  const refused = await lab.request('POST', `${path}/book`, { workflow_id: 'w1' });
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'device_in_maintenance');
  const waiting = await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  assert.equal(waiting.booking, null);
  await lab.api.enqueue({ device_id: id, workflow_id: 'w3', priority: 'urgent' });

  const back = await lab.request<typeof DeviceAnswer>('PATCH', path, { status: 'available' });
  assert.equal(back.body.device.status, 'busy');
  const view = await lab.request<typeof DeviceView>('GET', path);
  assert.equal(view.body.booking?.workflow_id, 'w3');
  assert.equal(view.body.queue_length, 1);
});

test('the holder may finish during maintenance; its device is handed on only afterwards', async () => {
  const id = await lab.addDevice();
  const path = `/devices/${id}`;
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  await lab.request('PATCH', path, { status: 'maintenance' });

  // It comes back with its holder still there.
  assert.equal(
    (await lab.request<typeof DeviceAnswer>('PATCH', path, { status: 'available' })).body.device.status,
    'busy',
  );
  await lab.request('PATCH', path, { status: 'maintenance' });
  assert.equal((await lab.api.book({ device_id: id, workflow_id: 'w1' })).workflow_id, 'w1');

  const released = await lab.request<typeof ReleaseAnswer>('POST', `${path}/release`, {
    workflow_id: 'w1',
  });
  assert.equal(released.status, 200);
  assert.equal(released.body.next_booking, null);
  const view = (await lab.request<typeof DeviceView>('GET', path)).body;
  assert.partialDeepStrictEqual(view, { status: 'maintenance', booking: null, queue_length: 1 });
  await lab.request('PATCH', path, { status: 'available' });
  assert.equal((await lab.request<typeof DeviceView>('GET', path)).body.booking?.workflow_id, 'w2');
});

test('DELETE /devices/{id} 409 while held; 200 otherwise, and those that wait are told; 404 afterwards', async () => {
  const id = await lab.addDevice();
  const path = `/devices/${id}`;
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  const held = await lab.request('DELETE', path);
  assert.equal(held.status, 409);
  assert.partialDeepStrictEqual(held.body, { code: 'device_busy', holder: { workflow_id: 'w1' } });

  await lab.request('PATCH', path, { status: 'maintenance' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  await lab.api.withdraw({ device_id: id, workflow_id: 'w1' });
  const deleted = await lab.request<typeof DeviceAnswer>('DELETE', path);
  assert.equal(deleted.status, 200);
  assert.equal((await lab.request('GET', path)).status, 404);
  assert.equal((await lab.request('DELETE', path)).status, 404);
  assert.equal((await lab.request('POST', `${path}/book`, { workflow_id: 'w3' })).status, 404);
  const { events } = await lab.api.events({ wait_seconds: 0 });
  const told = events.filter((event) => event.device_id === id).slice(-2);
  assert.deepEqual(
    told.map(({ type, workflow_id }) => [type, workflow_id]),
    [
      ['queue.cancelled', 'w2'],
      ['device.changed', null],
    ],
  );
  // Whoever cleans up after itself finds nothing to do.
  await lab.api.withdraw({ device_id: id, workflow_id: 'w2' });
});

test('a deleted device may come back under its id, and its fencing tokens go on', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.api.withdraw({ device_id: id, workflow_id: 'w1' });
  await lab.request('DELETE', `/devices/${id}`);
  const { status, body } = await lab.request<typeof DeviceAnswer>(
    'POST',
    '/devices',
    device(id, { name: 'Back' }),
  );
  assert.equal(status, 201);
  assert.partialDeepStrictEqual(body.device, { name: 'Back', status: 'available', fencing_token: 1 });
  assert.equal((await lab.api.book({ device_id: id, workflow_id: 'w2' })).fencing_token, 2);
});

test('GET /devices/{id}/operations: each with its parameters; what has a default may be left out', async () => {
  const id = await lab.addDevice();
  const { status, body } = await lab.request('GET', `/devices/${id}/operations`);
  assert.equal(status, 200);
  assert.equal((body as unknown as { next_cursor: null }).next_cursor, null);
  const { operations } = body as unknown as {
    operations: { name: string; parameters: { required?: string[] } }[];
  };
  assert.deepEqual(
    operations.map(({ name }) => name),
    ['stir', 'soak'],
  );
  assert.equal(operations[0]?.parameters.required, undefined);
  assert.equal((await lab.request('GET', '/devices/nobody/operations')).status, 404);
});

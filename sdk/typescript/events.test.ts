import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { createClient, type DeviceEvent, type WorkflowEvent } from './index.ts';
import { type CuttingProxy, openCuttingProxy } from './testing/cutting-proxy.ts';
import { type ClientLab, openClientLab } from './testing/lab.ts';

let lab: ClientLab;
let proxy: CuttingProxy;

before(async () => {
  lab = await openClientLab();
  proxy = await openCuttingProxy(lab.urls.deviceService);
});
after(async () => {
  await proxy.close();
  await lab.close();
});

/** Everything that the service tells of one device, read without the client's iterator. */
async function told(device: string): Promise<DeviceEvent[]> {
  const events: DeviceEvent[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await lab.client.call('device-service', 'GET', '/events', {
      query: cursor === undefined ? {} : { cursor },
    });
    if (page.events.length === 0) return events.filter(({ device_id }) => device_id === device);
    events.push(...page.events);
    cursor = page.next_cursor;
  }
}

/** Booked and released so many times: each is two events and more. */
async function bustle(device: string, times: number) {
  for (let turn = 1; turn <= times; turn += 1) {
    const workflow_id = `w${turn}`;
    await lab.client.bookings.book(device, { workflow_id });
    await lab.client.bookings.release(device, { workflow_id });
  }
  await lab.client.devices.update(device, { paused: true });
}

const isLast = ({ type, data }: DeviceEvent) => type === 'device.changed' && data.paused === true;

test('every event once and in order, over connections that break all the time', async () => {
  const random = seededRandom('SDK_EVENTS_SEED');
  proxy.fate = ({ times }) => {
    if (times <= 2) return times === 1 ? 'after' : 'before';
    return random.next() < 0.25 ? 'before' : random.next() < 0.4 ? 'after' : 'pass';
  };
  const device = await lab.addDevice();
  const followed = lab
    .clientVia({ deviceService: proxy.url, retries: 0 })
    .events.devices({ after: 'oldest' });
  const busy = bustle(device, 12);
  const seen: DeviceEvent[] = [];
  for await (const event of followed) {
    if (event.device_id !== device) continue;
    seen.push(event);
    if (isLast(event)) break;
  }
  await busy;
  proxy.fate = () => 'pass';
  const all = await told(device);
  assert.ok(all.length >= 25);
  assert.deepEqual(seen, all);
  assert.ok(proxy.seen.filter(({ fate }) => fate !== 'pass').length >= 2, 'hardly anything was cut');
});

test('from the cursor of any event on: nothing is missing and nothing comes again', async () => {
  const device = await lab.addDevice();
  await bustle(device, 4);
  const all = await told(device);
  for (const [index, { cursor }] of all.slice(0, -1).entries()) {
    const seen: string[] = [];
    for await (const event of lab.client.events.devices({ after: cursor })) {
      if (event.device_id === device) seen.push(event.id);
      if (event.id === all.at(-1)?.id) break;
    }
    assert.deepEqual(
      seen,
      all.slice(index + 1).map(({ id }) => id),
    );
  }
});

test('from now on: what was is not told, and a signal ends the waiting', async () => {
  const device = await lab.addDevice();
  await bustle(device, 3);
  const left = new AbortController();
  const asked = proxy.seen.length;
  const following = lab.clientVia({ deviceService: proxy.url });
  const events = following.events.devices({ signal: left.signal });
  const first = events.next();
  // It waits for something new; what happens before that is none of it.
  while (proxy.seen.length === asked) await new Promise(setImmediate);
  await lab.client.devices.update(device, { name: 'seen' });
  const { value } = await first;
  assert.equal(value?.device_id, device);
  assert.deepEqual((await told(device)).at(-1), value);
  const next = events.next();
  left.abort(new Error('enough'));
  await assert.rejects(next, /enough/);
});

test('by way of the hub alone: calls, lists, streams and events', async () => {
  const { hub } = lab.urls;
  const all = createClient({ hub });
  const device = await lab.addDevice();
  const workflow = await all.workflows.create({ name: 'by the hub', device_id: device, steps: ['mix'] });
  const events = all.events.workflows();
  const next = events.next();
  await all.workflows.start(workflow.id, { auto: true });
  assert.equal((await all.workflows.untilEnded(workflow.id)).status, 'completed');
  assert.equal((await next).value?.workflow_id, workflow.id);
  const csv = await new Response(await all.logs.download({ device_id: device }, 'csv')).text();
  assert.match(csv, /\bmix\b/);
  assert.equal((await all.logs.list({ device_id: device }).toArray()).length, 1);
  await assert.rejects(all.devices.get('none'), { code: 'device_not_found', status: 404 });
});

test('a cursor that is none is told at once', async () => {
  const events = lab.client.events.workflows({ after: 'nonsense' });
  await assert.rejects(events.next(), { code: 'invalid_cursor', status: 400 });
});

test('a workflow is watched to its end, and the one that waited after it', async () => {
  const device_id = await lab.addDevice();
  const { workflows } = lab.client;
  const describe = (name: string) => ({
    name,
    device_id,
    steps: ['pipette_transfer', 'dispense_reagent'],
    sample_barcodes: ['SAMPLE001'],
  });
  const after = (await lab.client.call('workflow-service', 'GET', '/events', { query: { cursor: 'now' } }))
    .next_cursor;
  const first = await workflows.create(describe('first'));
  const second = await workflows.create(describe('second'));
  await workflows.start(first.id);
  const queued = await workflows.start(second.id, { queue: true, auto: true });
  assert.equal(queued.status, 'queued');
  const statuses: string[] = [];
  const watched = (async () => {
    for await (const { status, steps } of workflows.watch(second.id))
      statuses.push(`${status} ${steps.filter((step) => step.status === 'succeeded').length}`);
  })();
  await workflows.executeStep(first.id);
  await workflows.complete(first.id);
  await watched;
  assert.equal(statuses.at(0), 'queued 0');
  assert.equal(statuses.at(-1), 'completed 2');
  assert.equal((await workflows.untilEnded(first.id)).status, 'completed');

  const changes: WorkflowEvent[] = [];
  for await (const event of lab.client.events.workflows({ after })) {
    if (event.workflow_id === second.id && event.type === 'workflow.changed') changes.push(event);
    if (event.workflow_id === second.id && event.data.status === 'completed') break;
  }
  assert.deepEqual(
    changes.map(({ data }) => data.status),
    ['queued', 'running', 'completed'],
  );
});

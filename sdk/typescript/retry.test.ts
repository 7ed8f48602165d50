import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort, seededRandom } from '@labwright/kernel/testing';
import { type Client, isLabwrightError, LabwrightError } from './index.ts';
import { type CuttingProxy, openCuttingProxy } from './testing/cutting-proxy.ts';
import { type ClientLab, openClientLab } from './testing/lab.ts';

let lab: ClientLab;
let toWorkflows: CuttingProxy;
let toDevices: CuttingProxy;
/** By way of both proxies. */
let client: Client;

before(async () => {
  lab = await openClientLab();
  toWorkflows = await openCuttingProxy(lab.urls.workflowService);
  toDevices = await openCuttingProxy(lab.urls.deviceService);
  client = lab.clientVia({ workflowService: toWorkflows.url, deviceService: toDevices.url });
});
after(async () => {
  await Promise.all([toWorkflows.close(), toDevices.close()]);
  await lab.close();
});

const describe = (name: string, device_id: string) => ({
  name,
  device_id,
  steps: ['pipette_transfer'],
  sample_barcodes: ['SAMPLE001'],
});
const named = async (name: string) =>
  (await lab.client.workflows.list().toArray(200)).filter((workflow) => workflow.name === name);

test('an answer that is lost after the commit is asked for again with the same key, and nothing is done twice', async () => {
  const device = await lab.addDevice();
  toWorkflows.fate = ({ times }) => (times <= 2 ? 'after' : 'pass');
  const workflow = await client.workflows.create(describe('lost twice', device));
  const sent = toWorkflows.seen.filter(({ method, path }) => method === 'POST' && path === '/workflows');
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent.map(({ key }) => key)).size, 1);
  assert.match(sent[0]?.key ?? '', /^[0-9a-f-]{36}$/);
  assert.deepEqual(
    (await named('lost twice')).map(({ id }) => id),
    [workflow.id],
  );

  // Starting, and moving an instrument, likewise.
  await client.workflows.start(workflow.id);
  const { step } = await client.workflows.executeStep(workflow.id);
  assert.equal(step.status, 'succeeded');
  const done = await client.workflows.complete(workflow.id);
  assert.equal(done.status, 'completed');
  const logs = await lab.client.logs.list({ workflow_id: workflow.id }).toArray();
  assert.deepEqual(
    logs.map(({ operation, status }) => [operation, status]),
    [['pipette_transfer', 'succeeded']],
  );
  const bookings = await lab.client.bookings.list(device).toArray();
  assert.equal(bookings.length, 1);
  toWorkflows.fate = () => 'pass';
});

test('two calls have two keys; a key of your own is kept', async () => {
  const device = await lab.addDevice();
  const first = await client.workflows.create(describe('twins', device));
  const second = await client.workflows.create(describe('twins', device));
  assert.notEqual(first.id, second.id);
  const idempotencyKey = 'order-4711';
  const once = await client.workflows.create(describe('once', device), { idempotencyKey });
  const again = await client.workflows.create(describe('once', device), { idempotencyKey });
  assert.equal(again.id, once.id);
  const other = client.workflows.create(describe('other', device), { idempotencyKey });
  await assert.rejects(other, { name: 'LabwrightError', status: 422, code: 'idempotency_key_reused' });
});

test('whatever breaks on the way, each workflow is made, started, carried out and completed once', async () => {
  const random = seededRandom('SDK_SEED');
  const fate = () => {
    const dice = random.next();
    if (dice < 0.15) return 'before';
    if (dice < 0.35) return 'after';
    if (dice < 0.4) return { status: 503, headers: { 'retry-after': '0' } } as const;
    return 'pass';
  };
  toWorkflows.fate = fate;
  toDevices.fate = fate;
  const stubborn = lab.clientVia({
    workflowService: toWorkflows.url,
    deviceService: toDevices.url,
    retries: 30,
  });
  const device = await lab.addDevice();
  const names = Array.from({ length: 4 }, (_, index) => `stormy ${index}`);
  for (const name of names) {
    const { id } = await stubborn.workflows.create(describe(name, device));
    await stubborn.workflows.start(id);
    await stubborn.workflows.executeStep(id);
    const { status } = await stubborn.workflows.complete(id);
    assert.equal(status, 'completed');
    const { booking } = await stubborn.devices.get(device);
    assert.equal(booking, null);
  }
  toWorkflows.fate = () => 'pass';
  toDevices.fate = () => 'pass';
  const made = (await lab.client.workflows.list({ device_id: device }).toArray()).map(({ name }) => name);
  assert.deepEqual(made.sort(), names);
  assert.equal((await lab.client.logs.list({ device_id: device }).toArray()).length, names.length);
  assert.equal((await lab.client.bookings.list(device).toArray()).length, names.length);
});

test('what has no key is not repeated where nobody knows whether it was done', async () => {
  const device = await lab.addDevice();
  const before = toDevices.seen.length;
  toDevices.fate = ({ method }) => (method === 'PATCH' ? 'after' : 'pass');
  await assert.rejects(client.devices.update(device, { name: 'renamed' }), (error) => {
    assert.ok(isLabwrightError(error, 'no_answer'));
    assert.equal(error.attempts, 1);
    return true;
  });
  assert.equal(toDevices.seen.length, before + 1);
  // It was refused at the door: nothing was done, and it can be sent again.
  toDevices.fate = (() => {
    let refusals = 2;
    return () => (refusals-- > 0 ? { status: 503, headers: { 'retry-after': '0' } } : 'pass');
  })();
  assert.equal((await client.devices.update(device, { name: 'renamed twice' })).name, 'renamed twice');
  toDevices.fate = () => 'pass';
});

test('a service that got no answer itself may have done something: only what has a key is repeated', async () => {
  const sent: string[] = [];
  const silent = { code: 'device_service_no_answer', title: 'No answer', detail: 'Look again.', status: 503 };
  const answering = lab.clientVia({
    retries: 1,
    fetch: async (_url, init) => {
      sent.push(init?.method ?? '');
      return Response.json(silent, { status: 503, headers: { 'retry-after': '0' } });
    },
  });
  await assert.rejects(answering.workflows.remove('x'), { code: silent.code });
  await assert.rejects(answering.workflows.cancel('x'), { code: silent.code });
  assert.deepEqual(sent, ['DELETE', 'POST', 'POST']);
});

test('Retry-After is waited for, and a refusal that lasts longer than there is time is thrown at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let sent = 0;
  const answers = [
    new Response(null, { status: 429, headers: { 'retry-after': '7' } }),
    Response.json({ devices: [], next_cursor: null }),
    Response.json(
      { code: 'overloaded', title: 'Too much', detail: 'Later.', status: 503 },
      { status: 503, headers: { 'retry-after': '3600' } },
    ),
  ];
  const answering = lab.clientVia({
    fetch: async () => {
      sent += 1;
      return answers.shift() ?? new Response(null, { status: 500 });
    },
  });
  const listed = answering.devices.list().toArray();
  await new Promise(setImmediate);
  assert.equal(sent, 1);
  t.mock.timers.tick(6_999);
  await new Promise(setImmediate);
  assert.equal(sent, 1, 'it did not wait');
  t.mock.timers.tick(1_000);
  assert.deepEqual(await listed, []);
  assert.equal(sent, 2);
  await assert.rejects(answering.devices.list().toArray(), { code: 'overloaded', retryAfterSeconds: 3600 });
});

test('time limits and signals end a call', async () => {
  const silent: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      const { signal } = init ?? {};
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const tries: number[] = [];
  const impatient = lab.clientVia({
    fetch: (...given) => {
      tries.push(1);
      return silent(...given);
    },
    tryTimeoutMs: 20,
    timeoutMs: 1_000,
    retries: 2,
  });
  await assert.rejects(impatient.devices.get('x'), { code: 'no_answer', attempts: 3 });
  assert.equal(tries.length, 3);

  const left = new AbortController();
  const waiting = lab.clientVia({ fetch: silent }).devices.get('x', { signal: left.signal });
  const reason = new Error('nobody looks any more');
  left.abort(reason);
  await assert.rejects(waiting, reason);
  const { signal } = left;
  await assert.rejects(client.devices.get('x', { signal }), reason);
});

test('errors carry the code, the status, every fault and the request id', async () => {
  await assert.rejects(
    client.workflows.create({ name: '', device_id: 'liquid-handler-1', steps: [] }),
    (error) => {
      assert.ok(error instanceof LabwrightError);
      assert.deepEqual([error.code, error.status, error.attempts], ['validation_failed', 400, 1]);
      assert.deepEqual(error.faults.map(({ path }) => path).sort(), ['body.name', 'body.steps']);
      assert.ok(error.requestId);
      return true;
    },
  );
  const csv = 'barcode,sample_type\nSAMPLE001,blood\n';
  await assert.rejects(client.samples.import(csv), (error) => {
    assert.ok(isLabwrightError(error, 'import_rejected'));
    assert.deepEqual([error.faults[0]?.path, error.faults[0]?.line], ['line 2, barcode', 2]);
    return true;
  });
  await assert.rejects(client.devices.get('no-such-device'), { code: 'device_not_found', status: 404 });
  await assert.rejects(
    client.call('device-service', 'GET', '/devices/{id}', { path: { id: '' } }),
    TypeError,
  );
});

test('where nobody listens, and where somebody else does', async () => {
  const nobody = lab.clientVia({ deviceService: `http://127.0.0.1:${await freePort()}`, retries: 1 });
  await assert.rejects(nobody.devices.get('x'), { code: 'unreachable', status: 0, attempts: 2 });
  const other = lab.clientVia({ fetch: async () => new Response('<html>', { status: 200 }) });
  await assert.rejects(other.devices.get('x'), { code: 'unreadable_answer', status: 200 });
});

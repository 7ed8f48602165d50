/** Both services in one process, as `labwright up` has them, with simulated instruments that run fast. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostDeviceService } from '@labwright/device-service';
import { devicesMigrations } from '@labwright/devices';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import { hostWorkflowService } from '@labwright/workflow-service';
import { workflowsMigrations } from '@labwright/workflows';

type Host = Awaited<ReturnType<typeof hostDeviceService>> | Awaited<ReturnType<typeof hostWorkflowService>>;

let folder: string;
let databases: TestDatabase[];
let devices: Awaited<ReturnType<typeof hostDeviceService>>;
let workflows: Awaited<ReturnType<typeof hostWorkflowService>>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-both-'));
  const made = [await createTestDatabase(devicesMigrations), await createTestDatabase(workflowsMigrations)];
  databases = made;
  const common = { host: '127.0.0.1', port: 0, log: silentLog };
  devices = await hostDeviceService({
    ...common,
    databaseUrl: made[0]?.url ?? '',
    instrumentsFolder: join(folder, 'instruments'),
  });
  workflows = await hostWorkflowService({
    ...common,
    databaseUrl: made[1]?.url ?? '',
    devices: devices.service.api,
  });
  await devices.start();
  await workflows.start();
});

after(async () => {
  await workflows.stop();
  await devices.stop();
  await Promise.all(databases.map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is whatever JSON came.
  body: any;
}

async function call(
  host: Host,
  method: 'GET' | 'POST' | 'PATCH',
  url: string,
  payload?: object,
): Promise<Answer> {
  const answer = await host.server.app.inject({ method, url, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json() };
}

let count = 0;
async function newDevice(settings: object = {}): Promise<string> {
  count += 1;
  const id = `handler-${count}`;
  const answer = await call(devices, 'POST', '/devices', {
    id,
    name: id,
    type: 'liquid_handler',
    settings: { speed: 10_000, ...settings },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return id;
}

async function newWorkflow(device_id: string, more: object = {}): Promise<string> {
  const steps = ['pipette_transfer', { operation: 'dispense_reagent', parameters: { volume_ul: 40 } }];
  const answer = await call(workflows, 'POST', '/workflows', { name: 'both', device_id, steps, ...more });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id;
}

const act = (id: string, action: string, body?: object) =>
  call(workflows, 'POST', `/workflows/${id}/${action}`, body);
const read = async (id: string) => (await call(workflows, 'GET', `/workflows/${id}`)).body;
const reaches = (id: string, status: string) =>
  eventually(`${id} is ${status}`, async () => ((await read(id)).status === status ? true : undefined));
const deviceStatus = async (id: string) => (await call(devices, 'GET', `/devices/${id}`)).body.status;

test('from start to completed, step by step', async () => {
  const device = await newDevice();
  const id = await newWorkflow(device);
  const started = await act(id, 'start');
  assert.deepEqual([started.status, started.body.message], [200, 'Workflow started']);
  assert.equal(await deviceStatus(device), 'busy');
  for (const name of ['Step 1 (pipette_transfer) succeeded', 'Step 2 (dispense_reagent) succeeded']) {
    const step = await act(id, 'execute-step');
    assert.deepEqual([step.status, step.body.message], [200, name]);
    assert.ok(step.body.step.result);
  }
  assert.equal((await act(id, 'execute-step')).body.code, 'no_step_left');
  assert.equal((await act(id, 'complete')).body.workflow.status, 'completed');
  assert.equal(await deviceStatus(device), 'available');
});

test('what the instruments cannot do is refused before it is stored, with every place', async () => {
  const device_id = await newDevice();
  const steps = ['fly', { operation: 'dispense_reagent', parameters: { volume_ul: 1e9, colour: 'red' } }];
  const answer = await call(workflows, 'POST', '/workflows', { name: 'no', device_id, steps });
  assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_workflow']);
  assert.deepEqual(
    answer.body.faults.map((fault: { path: string }) => fault.path),
    ['body.steps[0]', 'body.steps[1].parameters.volume_ul', 'body.steps[1].parameters.colour'],
  );
});

test('a busy device: refused, or queued and started when its turn has come', async () => {
  const device = await newDevice();
  const [first, second] = [await newWorkflow(device), await newWorkflow(device)];
  await act(first, 'start');
  const busy = await act(second, 'start');
  assert.deepEqual([busy.status, busy.body.code], [409, 'device_busy']);
  assert.equal(busy.body.holder.workflow_id, first);
  // Its holder says so a moment after it holds the device.
  const why = await eventually('the refusal says for what the holder waits', async () => {
    const { detail } = (await act(second, 'start')).body;
    return /It waits/.test(detail) ? detail : undefined;
  });
  assert.match(
    why,
    /^“.+” \(workflow \S+\) holds \S+, and nobody waits for it\. It waits until somebody runs step 1\. Ask/,
  );
  const queued = await act(second, 'start', { queue: true, priority: 'urgent' });
  assert.deepEqual([queued.status, queued.body.workflow.status], [202, 'queued']);
  await act(first, 'complete');
  await reaches(second, 'running');
  const { booking_id, fencing_token } = await read(second);
  const { bookings } = (await call(devices, 'GET', `/devices/${device}/bookings?status=active`)).body;
  assert.deepEqual([bookings[0].id, bookings[0].fencing_token], [booking_id, fencing_token]);
});

test('a step that outlasts its request is recorded by the feed', async () => {
  const device = await newDevice({ speed: 100 });
  const id = await newWorkflow(device);
  await act(id, 'start');
  const answer = await act(id, 'execute-step', { wait_seconds: 0 });
  assert.deepEqual([answer.status, answer.body.step.status], [202, 'running']);
  assert.equal((await act(id, 'pause')).body.code, 'step_in_progress');
  const step = await eventually('the step has ended', async () => {
    const [found] = (await read(id)).steps;
    return found.status === 'running' ? undefined : found;
  });
  assert.deepEqual([step.status, step.attempts], ['succeeded', 1]);
  assert.ok(step.result);
});

test('a step that fails is tried again with a new execution', async () => {
  const device = await newDevice({ faults: [{ kind: 'fail', next: 1 }] });
  const id = await newWorkflow(device);
  await act(id, 'start');
  const failed = await act(id, 'execute-step');
  assert.deepEqual(
    [failed.status, failed.body.step.status, failed.body.workflow.status],
    [200, 'failed', 'failed'],
  );
  const again = await act(id, 'execute-step');
  assert.deepEqual([again.body.step.status, again.body.step.attempts], ['succeeded', 2]);
});

test('a paused device refuses the step; released by hand, the workflow is paused and can be resumed', async () => {
  const device = await newDevice();
  const id = await newWorkflow(device);
  await act(id, 'start');
  await call(devices, 'PATCH', `/devices/${device}`, { paused: true });
  assert.equal((await act(id, 'execute-step')).body.code, 'device_paused');
  await call(devices, 'PATCH', `/devices/${device}`, { paused: false });
  const released = await call(devices, 'POST', `/devices/${device}/release`, { workflow_id: id });
  assert.equal(released.status, 200);
  await reaches(id, 'paused');
  assert.equal((await act(id, 'resume')).body.workflow.status, 'running');
  assert.equal((await act(id, 'execute-step')).body.step.status, 'succeeded');
});

test('a queue entry that is cancelled by hand puts the workflow back', async () => {
  const device = await newDevice();
  const [first, second] = [await newWorkflow(device), await newWorkflow(device)];
  await act(first, 'start');
  await act(second, 'start', { queue: true });
  const { queue_entry_id } = await read(second);
  const cancelled = await devices.server.app.inject({
    method: 'DELETE',
    url: `/devices/${device}/queue/${queue_entry_id}`,
  });
  assert.ok(cancelled.statusCode < 300, cancelled.body);
  await reaches(second, 'created');
});

test('twelve workflows that run by themselves share two devices, and each step is done once', async () => {
  const shared = [await newDevice(), await newDevice()];
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, index) => newWorkflow(shared[index % 2] ?? '', { auto: true })),
  );
  const answers = await Promise.all(ids.map((id) => act(id, 'start', { queue: true })));
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))].sort(), [200, 202]);
  await Promise.all(ids.map((id) => reaches(id, 'completed')));
  for (const device of shared) {
    assert.equal(await deviceStatus(device), 'available');
    const { execution_logs: logs } = (
      await call(devices, 'GET', `/execution-logs?device_id=${device}&limit=100`)
    ).body;
    assert.equal(logs.length, 12);
  }
  for (const id of ids)
    assert.ok((await read(id)).steps.every((step: { attempts: number }) => step.attempts === 1));
});

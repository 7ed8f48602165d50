import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
  lab.devices.addDevice('arm');
  for (const barcode of ['S1', 'S2', 'S3']) await lab.post('/samples', { barcode, sample_type: 'blood' });
});
after(() => lab.stop());

const forgetKeys = command('test.create.forget_keys', 'DELETE FROM idempotency_keys');

test('201: the workflow with its steps and samples in order, at top level', async () => {
  const answer = await lab.post('/workflows', {
    name: 'Blood panel',
    device_id: 'arm',
    steps: ['aspirate', { operation: 'dispense', parameters: { volume_ul: 5 } }],
    sample_barcodes: ['S2', 'S1'],
  });
  assert.equal(answer.status, 201);
  const { id, created_at, updated_at, steps, samples, ...rest } = answer.body;
  assert.equal(answer.headers.location, `/workflows/${id}`);
  assert.match(created_at, /^\d{4}-.*Z$/);
  assert.equal(updated_at.slice(0, 10), created_at.slice(0, 10));
  assert.deepEqual(rest, {
    name: 'Blood panel',
    device_id: 'arm',
    status: 'created',
    status_reason: null,
    priority: 'normal',
    auto: false,
    booking_id: null,
    fencing_token: null,
    queue_entry_id: null,
    started_at: null,
    finished_at: null,
  });
  assert.deepEqual(
    steps.map((step) => [step.position, step.operation, step.parameters, step.status, step.attempts]),
    [
      [1, 'aspirate', {}, 'pending', 0],
      [2, 'dispense', { volume_ul: 5 }, 'pending', 0],
    ],
  );
  assert.deepEqual(
    samples.map((sample) => sample.barcode),
    ['S2', 'S1'],
  );
  assert.deepEqual((await lab.get(`/workflows/${id}`)).body, answer.body);
});

test('400 invalid_workflow names every fault at once', async () => {
  const answer = await lab.post('/workflows', {
    name: 'All wrong',
    device_id: 'arm',
    steps: [
      'aspirate',
      'fly',
      { operation: 'swim' },
      { operation: 'dispense', parameters: { volume_ul: 5_000, colour: 'red' } },
      { operation: 'dispense', parameters: { volume_ul: 5_000, colour: 'red' } },
    ],
    sample_barcodes: ['S1', 'nobody', 'S2', 'nowhere'],
  });
  assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_workflow']);
  assert.deepEqual(
    answer.body.faults.map((fault) => fault.path),
    [
      'body.sample_barcodes[1]',
      'body.sample_barcodes[3]',
      'body.steps[1]',
      'body.steps[2].operation',
      'body.steps[3].parameters.volume_ul',
      'body.steps[3].parameters.colour',
      'body.steps[4].parameters.volume_ul',
      'body.steps[4].parameters.colour',
    ],
  );
});

test('400 names an unknown device and unknown samples together', async () => {
  const answer = await lab.post('/workflows', {
    name: 'Elsewhere',
    device_id: 'nowhere',
    steps: ['aspirate'],
    sample_barcodes: ['nobody'],
  });
  assert.deepEqual(
    answer.body.faults.map((fault) => fault.path),
    ['body.device_id', 'body.sample_barcodes[0]'],
  );
});

test('400 validation_failed for what has not the shape of a workflow', async () => {
  const good = { name: 'n', device_id: 'arm', steps: ['aspirate'] };
  for (const [path, body] of [
    ['body.name', { ...good, name: '' }],
    ['body.steps', { ...good, steps: [] }],
    ['body.step', { ...good, step: [] }],
    ['body.priority', { ...good, priority: 'soon' }],
    ['body.sample_barcodes[0]', { ...good, sample_barcodes: ['two words'] }],
  ] as const) {
    const answer = await lab.post('/workflows', body);
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed']);
    assert.ok(
      answer.body.faults.some((fault) => fault.path === path),
      `${path} in ${JSON.stringify(answer.body.faults)}`,
    );
  }
});

test('equal steps are asked about once, and never more than eight questions at a time', async () => {
  let now = 0;
  let most = 0;
  const { checkOperation } = lab.deps.devices;
  const counted = { ...lab.devices.api };
  counted.checkOperation = async (request) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return checkOperation(request);
  };
  const { validateWorkflow } = await import('./validate-workflow.ts');
  const before = lab.network.calls.checkOperation;
  const steps = Array.from({ length: 1_000 }, (_, index) => ({
    operation: 'dispense',
    parameters: { volume_ul: 1 + (index % 50) },
  }));
  await validateWorkflow({ ...lab.deps, devices: counted }, { name: 'many', device_id: 'arm', steps });
  assert.equal(lab.network.calls.checkOperation - before, 50);
  assert.equal(most, 8);
});

test('503 when device-service is down, and nothing is stored', async () => {
  const before = (await lab.get('/workflows')).body.workflows.length;
  for (const [fault, code] of [
    ['unreachable', 'device_service_unreachable'],
    ['lost', 'device_service_no_answer'],
  ] as const) {
    lab.network.fault = () => fault;
    const answer = await lab.post('/workflows', { name: 'n', device_id: 'arm', steps: ['aspirate'] });
    assert.deepEqual([answer.status, answer.body.code], [503, code]);
    assert.ok(answer.headers['retry-after']);
  }
  lab.network.fault = () => undefined;
  assert.equal((await lab.get('/workflows')).body.workflows.length, before);
});

test('a key that is repeated after a crash finds its workflow, also while device-service is down', async () => {
  const key = { 'idempotency-key': 'create-once' };
  const request = { name: 'Once', device_id: 'arm', steps: ['aspirate'], sample_barcodes: ['S3'] };
  const first = await lab.post('/workflows', request, key);
  await lab.database.db.execute(forgetKeys);
  lab.network.fault = () => 'unreachable';
  const again = await lab.post('/workflows', request, key);
  lab.network.fault = () => undefined;
  assert.deepEqual([again.status, again.body], [201, first.body]);
  await lab.database.db.execute(forgetKeys);
  const other = await lab.post('/workflows', { ...request, name: 'Another' }, key);
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
});

test('404 for a workflow that is not there', async () => {
  for (const answer of [
    await lab.get('/workflows/nothing'),
    await lab.delete('/workflows/nothing'),
    await lab.post('/workflows/nothing/start'),
    await lab.post('/workflows/nothing/complete'),
    await lab.post('/workflows/nothing/execute-step'),
    await lab.post('/workflows/nothing/resolve-step', { outcome: 'failed', reason: 'seen' }),
  ])
    assert.deepEqual([answer.status, answer.body.code], [404, 'workflow_not_found']);
});

test('DELETE takes away what was never started, and nothing else', async () => {
  const created = await lab.workflow();
  const deleted = await lab.delete(`/workflows/${created.id}`);
  assert.deepEqual([deleted.status, deleted.body.workflow.id], [200, created.id]);
  assert.equal((await lab.get(`/workflows/${created.id}`)).status, 404);
  const running = await lab.workflow();
  await lab.post(`/workflows/${running.id}/start`);
  const refused = await lab.delete(`/workflows/${running.id}`);
  assert.deepEqual([refused.status, refused.body.code], [409, 'wrong_state']);
  assert.deepEqual(refused.body.allowed, ['execute-step', 'pause', 'complete', 'cancel']);
});

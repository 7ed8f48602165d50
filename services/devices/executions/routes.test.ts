import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkStatements } from '@labwright/kernel/testing';
import { type ExecutionBench, executionBench, type Process } from './testing/execution-bench.ts';

let bench: ExecutionBench;
let service: Process;

before(async () => {
  bench = await executionBench();
  service = await bench.process();
});
after(() => bench.close());

const mix = { workflow_id: 'w1', operation: 'mix' };
const paths = (body: { faults?: { path: string }[] }) => body.faults?.map((fault) => fault.path);

test('200: the operation ended; its log has defaults, token and duration, and its event is there', async () => {
  const { id, instrument, booking } = await bench.device();
  instrument.finishAtOnce({ status: 'succeeded', result: { moved_ul: 20 } });
  const { status, body } = await service.post(`/devices/${id}/execute`, {
    ...mix,
    parameters: { wells: ['A1'] },
    execution_id: 'e-200',
  });
  assert.equal(status, 200);
  assert.equal(body.message, `mix on ${id} succeeded.`);
  const { execution } = body;
  assert.equal(execution.status, 'succeeded');
  assert.deepEqual(execution.result, { moved_ul: 20 });
  assert.deepEqual(execution.parameters, { volume_ul: 100, wells: ['A1'] });
  assert.equal(execution.fencing_token, booking?.fencing_token);
  assert.equal(execution.device_type, 'mixer');
  assert.ok((execution.duration_ms ?? -1) >= 0);
  assert.deepEqual(instrument.moved[0]?.parameters, { volume_ul: 100, wells: ['A1'] });
  assert.equal(instrument.moved[0]?.fencing_token, booking?.fencing_token);
  assert.deepEqual((await service.get('/executions/e-200')).body, execution);
  assert.deepEqual(await bench.events(id), [
    {
      workflow_id: 'w1',
      data: {
        log_id: execution.id,
        execution_id: 'e-200',
        status: 'succeeded',
        operation: 'mix',
        result: execution.result,
        error: null,
      },
    },
  ]);
});

test('202: it goes on after wait_seconds, and its outcome is found later', async () => {
  const { id, instrument } = await bench.device();
  const { status, body } = await service.post(`/devices/${id}/execute`, {
    ...mix,
    execution_id: 'e-202',
    wait_seconds: 0,
  });
  assert.equal(status, 202);
  assert.equal(body.execution.status, 'running');
  assert.match(body.message, /GET \/executions\/e-202/);
  const ended = service.post(`/devices/${id}/execute`, { ...mix, execution_id: 'e-202' });
  await instrument.movements(1);
  instrument.finish();
  assert.equal((await ended).body.execution.status, 'succeeded');
  assert.equal((await ended).status, 200);
  assert.equal(instrument.moved.length, 1);
});

test('200: a failure of the instrument is an outcome', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce({ status: 'failed', error: { code: 'clogged_tip', message: 'Tip 3 is clogged.' } });
  const { status, body } = await service.post(`/devices/${id}/execute`, mix);
  assert.equal(status, 200);
  assert.equal(body.execution.status, 'failed');
  assert.deepEqual(body.execution.error, { code: 'clogged_tip', message: 'Tip 3 is clogged.' });
  assert.equal(body.message, `mix on ${id} failed: Tip 3 is clogged.`);
});

test('200: a driver that cannot be opened is a definite failure', async () => {
  const { id, instrument } = await bench.device();
  instrument.trouble.open = true;
  const { body } = await service.post(`/devices/${id}/execute`, mix);
  assert.equal(body.execution.status, 'failed');
  assert.equal(body.execution.error?.code, 'driver_unavailable');
  assert.match(body.execution.error?.message ?? '', /it is switched off/);
  delete instrument.trouble.open;
  instrument.finishAtOnce();
  assert.equal((await service.post(`/devices/${id}/execute`, mix)).body.execution.status, 'succeeded');
});

test('200: the holder of a device in maintenance may finish', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce();
  await bench.db.raw(`UPDATE devices SET status = 'maintenance' WHERE id = '${id}'`);
  assert.equal((await service.post(`/devices/${id}/execute`, mix)).status, 200);
});

test('200: without an execution_id each request is one of its own, with an Idempotency-Key the same', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce();
  const first = await service.post(`/devices/${id}/execute`, mix);
  const second = await service.post(`/devices/${id}/execute`, mix);
  assert.notEqual(first.body.execution.execution_id, second.body.execution.execution_id);
  const key = { 'idempotency-key': 'step-7' };
  const third = await service.post(`/devices/${id}/execute`, mix, key);
  // As after a crash between the commit and the answer: the key is forgotten, what it made is not.
  await bench.db.raw('DELETE FROM idempotency_keys');
  const again = await service.post(`/devices/${id}/execute`, mix, key);
  assert.deepEqual(again.body.execution, third.body.execution);
  assert.equal(instrument.moved.length, 3);
});

test('400: parameters, each with its path; nothing is stored', async () => {
  const { id, instrument } = await bench.device();
  const { status, body } = await service.post(`/devices/${id}/execute`, {
    ...mix,
    execution_id: 'e-400',
    parameters: { volume_ul: 0, wells: ['A1', 2], speed: 5 },
  });
  assert.equal(status, 400);
  assert.equal(body.code, 'validation_failed');
  assert.deepEqual(paths(body)?.sort(), [
    'body.parameters.speed',
    'body.parameters.volume_ul',
    'body.parameters.wells[1]',
  ]);
  assert.equal((await service.get('/executions/e-400')).status, 404);
  assert.equal(instrument.opened, 0);
});

test('400: an operation that the device cannot do names those that it can', async () => {
  const { id } = await bench.device();
  for (const operation of ['fly', 'unfitted']) {
    const { status, body } = await service.post(`/devices/${id}/execute`, { ...mix, operation });
    assert.equal(status, 400);
    assert.equal(body.code, 'unknown_operation');
    assert.deepEqual(body.capabilities, ['mix', 'scan']);
    assert.match(body.detail, /it can: mix, scan/);
  }
});

test('400: bodies that are none, and texts that cannot be stored', async () => {
  const { id } = await bench.device();
  assert.deepEqual(paths((await service.post(`/devices/${id}/execute`, { operation: 'mix' })).body), [
    'body.workflow_id',
  ]);
  assert.equal((await service.post(`/devices/${id}/execute`)).body.code, 'validation_failed');
  const { status, body } = await service.post(`/devices/${id}/execute`, {
    ...mix,
    parameters: { wells: ['\0'] },
  });
  assert.deepEqual([status, body.code], [400, 'validation_failed']);
  assert.equal((await service.post(`/devices/${id}/execute`, { ...mix, wait_seconds: 61 })).status, 400);
});

test('400: a device whose type has no driver', async () => {
  await bench.db.raw(
    `INSERT INTO devices (id, name, type, capabilities) VALUES ('odd-1', 'Odd', 'odd', '{mix}')`,
  );
  await bench.book('odd-1', 'w1');
  const { status, body } = await service.post('/devices/odd-1/execute', mix);
  assert.deepEqual([status, body.code, body.known_types], [400, 'unknown_device_type', ['mixer']]);
});

test('403: only the workflow with the active booking', async () => {
  const { id } = await bench.device();
  const { status, body } = await service.post(`/devices/${id}/execute`, { ...mix, workflow_id: 'w2' });
  assert.deepEqual([status, body.code, body.holder], [403, 'not_the_holder', { workflow_id: 'w1' }]);
  await bench.release(id, 'w1');
  assert.deepEqual((await service.post(`/devices/${id}/execute`, mix)).body.holder, null);
});

test('403: a request that arrives late, when its workflow has booked anew, moves nothing', async () => {
  const { id, instrument, booking } = await bench.device();
  instrument.finishAtOnce();
  const late = { ...mix, booking_id: booking?.id, execution_id: 'e-late' };
  await bench.release(id, 'w1');
  const again = await bench.book(id, 'w1');
  const { status, body } = await service.post(`/devices/${id}/execute`, late);
  assert.deepEqual([status, body.code], [403, 'not_the_holder']);
  assert.match(body.detail, new RegExp(`under booking ${again.id}`));
  assert.equal(instrument.moved.length, 0);
  assert.equal((await service.post(`/devices/${id}/execute`, { ...late, booking_id: again.id })).status, 200);
  for (const booking_id of ['x', '', 'a'.repeat(30)])
    assert.ok(
      [400, 403].includes((await service.post(`/devices/${id}/execute`, { ...mix, booking_id })).status),
    );
});

test('404: a device or an execution that is not there', async () => {
  const device = await service.post('/devices/nowhere/execute', mix);
  assert.deepEqual([device.status, device.body.code], [404, 'device_not_found']);
  const execution = await service.get('/executions/nothing');
  assert.deepEqual([execution.status, execution.body.code], [404, 'execution_not_found']);
});

test('409: a paused device', async () => {
  const { id, instrument } = await bench.device();
  await bench.db.raw(`UPDATE devices SET paused = true WHERE id = '${id}'`);
  const { status, body } = await service.post(`/devices/${id}/execute`, mix);
  assert.deepEqual([status, body.code], [409, 'device_paused']);
  assert.equal(instrument.opened, 0);
});

test('409: a device that is operating names the execution, and is not released', async () => {
  const { id, instrument } = await bench.device();
  await service.post(`/devices/${id}/execute`, { ...mix, execution_id: 'e-first', wait_seconds: 0 });
  const { status, body, headers } = await service.post(`/devices/${id}/execute`, {
    ...mix,
    execution_id: 'e-second',
  });
  assert.deepEqual([status, body.code, body.execution_id], [409, 'device_operating', 'e-first']);
  assert.equal(headers['retry-after'], '1');
  await assert.rejects(bench.release(id, 'w1'), { code: 'device_operating' });
  await instrument.movements(1);
  instrument.finish();
  await service.post(`/devices/${id}/execute`, { ...mix, execution_id: 'e-first' });
  await bench.release(id, 'w1');
});

test('the same execution_id answers the same record, also when the booking is over or the device gone', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce();
  const request = { ...mix, execution_id: 'e-same', parameters: { volume_ul: 5 } };
  const first = await service.post(`/devices/${id}/execute`, request);
  await bench.release(id, 'w1');
  assert.deepEqual((await service.post(`/devices/${id}/execute`, request)).body, first.body);
  await bench.db.raw(`UPDATE devices SET deleted_at = now() WHERE id = '${id}'`);
  assert.deepEqual((await service.post(`/devices/${id}/execute`, request)).body, first.body);
  assert.equal(instrument.moved.length, 1);
});

test('422: the same execution_id for something else', async () => {
  const { id, instrument } = await bench.device();
  const other = await bench.device();
  instrument.finishAtOnce();
  const request = { ...mix, execution_id: 'e-422', parameters: { volume_ul: 5, wells: ['A1', 'A2'] } };
  await service.post(`/devices/${id}/execute`, request);
  for (const [device, change] of [
    [id, { operation: 'scan' }],
    [id, { workflow_id: 'w2' }],
    [other.id, {}],
    [id, { parameters: { volume_ul: 6 } }],
    [id, { parameters: { wells: ['A1'] } }],
    [id, { parameters: { volume_ul: 5, wells: ['A1', 'A3'] } }],
    [id, { parameters: { volume_ul: 5, speed: 1 } }],
  ] as const) {
    const { status, body } = await service.post(`/devices/${device}/execute`, { ...request, ...change });
    assert.deepEqual([status, body.code], [422, 'execution_id_reused'], JSON.stringify(change));
  }
  // Defaults are no contradiction.
  const fewer = { ...request, parameters: { wells: ['A1', 'A2'] } };
  assert.equal((await service.post(`/devices/${id}/execute`, fewer)).status, 200);
  assert.equal(instrument.moved.length, 1);
});

test('checkOperation: every fault with its path, before anything is stored', async () => {
  const { id } = await bench.device();
  const check = (operation: string, parameters: Record<string, unknown>) =>
    service.executions.checkOperation({ device_id: id, operation, parameters });
  assert.deepEqual(await check('mix', {}), []);
  assert.deepEqual((await check('mix', { volume_ul: 'much', speed: 5 })).map((fault) => fault.path).sort(), [
    'parameters.speed',
    'parameters.volume_ul',
  ]);
  assert.deepEqual(await check('fly', {}), [
    { path: 'operation', message: `${id} cannot do "fly"; it can: mix, scan.` },
  ]);
  await assert.rejects(
    service.executions.checkOperation({ device_id: 'nowhere', operation: 'mix', parameters: {} }),
    { code: 'device_not_found' },
  );
});

test('metrics: by type, operation and outcome, and how long it took', async () => {
  const alone = await executionBench();
  const own = await alone.process({ runner: 'measured' });
  const { id, instrument } = await alone.device();
  instrument.finishAtOnce();
  await own.post(`/devices/${id}/execute`, mix);
  const text = await own.metrics.registry.metrics();
  const shown = (name: string) => text.split('\n').filter((line) => line.startsWith(`${name}{`));
  assert.match(shown('device_executions_total').join(), /operation="mix",outcome="succeeded".* 1$/);
  assert.match(shown('device_execution_duration_seconds_count').join(), /operation="mix".* 1$/);
  assert.match(shown('device_executions_running').join(), / 0$/);
  await alone.close();
});

test('a result that cannot be stored leaves a person to look, and does not go on for ever', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce({ status: 'succeeded', result: { text: 'a\0b', nested: ['\0'] } });
  const odd = await service.post(`/devices/${id}/execute`, mix);
  assert.deepEqual(odd.body.execution.result, { text: 'a\uFFFDb', nested: ['\uFFFD'] });
  const alone = await executionBench();
  const other = await alone.device();
  const spoilt = await alone.process({
    runner: 'spoilt',
    spoil: (driver) => ({
      ...driver,
      execute: async () => ({ status: 'succeeded', result: { count: 10n } }),
    }),
  });
  const { body } = await spoilt.post(`/devices/${other.id}/execute`, mix);
  assert.deepEqual([body.execution.status, body.execution.error?.code], ['unknown', 'result_not_stored']);
  await alone.close();
});

test('statements and rows agree', async () => {
  const { faults } = await checkStatements(bench.url);
  assert.deepEqual(
    faults.filter((fault) => fault.startsWith('devices.executions')),
    [],
  );
});

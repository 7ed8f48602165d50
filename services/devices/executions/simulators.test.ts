import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { usualRules } from '@labwright/audit';
import { deviceErrors } from '@labwright/contract-devices';
import { simulators } from '@labwright/driver-sim';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { bookDevice } from '../bookings/book-device.ts';
import { type DevicesDeps, type DevicesSettings, defaultSettings } from '../deps.ts';
import { devicesMigrations } from '../index.ts';
import { changeDevice } from '../instruments/change-device.ts';
import { createExecutions, type Executions } from './index.ts';
import { cutOff } from './testing/cut-off.ts';

/** The real simulators with their journals, a thousand times faster than real instruments. */
let database: TestDatabase;
let folder: string;
const models = new Map(simulators.map((model) => [model.type, model]));

before(async () => {
  database = await createTestDatabase(devicesMigrations);
  folder = await mkdtemp(join(tmpdir(), 'labwright-executions-'));
});
after(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const moved = new Map<string, number>();

/** A process that has begun; `deaf` never hears what became of what it sent. */
async function processOf(
  runner: string,
  options: { deaf?: boolean; db?: Db; settings?: Partial<DevicesSettings>; worker?: false } = {},
): Promise<{ deps: DevicesDeps; executions: Executions }> {
  const deps: DevicesDeps = {
    db: options.db ?? database.db,
    log: silentLog,
    metrics: createMetrics('device-service'),
    clock: systemClock,
    models,
    openDriver: async (model, device) => {
      const simulator = models.get(model.type);
      assert.ok(simulator);
      const driver = await simulator.open({
        device_id: device.id,
        settings: device.settings,
        journalFolder: folder,
        onMovement: (id) => moved.set(id, (moved.get(id) ?? 0) + 1),
      });
      if (!options.deaf) return driver;
      return { ...driver, execute: (command) => driver.execute(command).then(() => new Promise(() => {})) };
    },
    runner,
    settings: { ...defaultSettings, drainMs: 100, ...options.settings },
    transport: options.worker === false ? undefined : postgresTransport,
    audit: usualRules,
    announce: () => {},
  };
  const executions = createExecutions(deps);
  await executions.start();
  return { deps, executions };
}

async function device(deps: DevicesDeps, id: string, type: string, settings: object = {}): Promise<void> {
  const capabilities = [...(models.get(type)?.operations.keys() ?? [])].join(',');
  await database.db.raw(
    `INSERT INTO devices (id, name, type, capabilities, settings)
     VALUES ('${id}', '${id}', '${type}', '{${capabilities}}', '${JSON.stringify({ speed: 1_000, ...settings })}')`,
  );
  await bookDevice(deps, { device_id: id, workflow_id: 'w1' });
}

const request = (device_id: string, operation: string, execution_id: string) => ({
  device_id,
  workflow_id: 'w1',
  operation,
  parameters: {},
  execution_id,
  wait_seconds: 30,
});

test('a plate is read: the result of the simulator is the result of the execution', async () => {
  const { deps, executions } = await processOf('process-1');
  await device(deps, 'reader-1', 'plate_reader');
  const [operation = ''] = models.get('plate_reader')?.operations.keys() ?? [];
  const execution = await executions.execute(request('reader-1', operation, 'read-1'));
  assert.equal(execution.status, 'succeeded', JSON.stringify(execution.error));
  assert.ok(Object.keys(execution.result ?? {}).length > 0);
  assert.equal(moved.get('read-1'), 1);
  await executions.stop();
});

test('the process dies while the instrument moves: the next one follows it to its end', async () => {
  const { db, cut } = cutOff(database.db);
  const dead = await processOf('dead', { deaf: true, db, settings: { leaseMs: 1_000 } });
  await device(dead.deps, 'sealer-1', 'plate_sealer', { speed: 20 });
  await dead.executions.execute({ ...request('sealer-1', 'seal_plate', 'seal-1'), wait_seconds: 0 });
  while (!moved.has('seal-1')) await database.db.ping();
  cut.all = true;
  const next = await processOf('next');
  const execution = await next.executions.execute(request('sealer-1', 'seal_plate', 'seal-1'));
  assert.equal(execution.status, 'succeeded', JSON.stringify(execution.error));
  assert.equal(moved.get('seal-1'), 1);
  cut.all = false;
  await Promise.all([next.executions.stop(), dead.executions.stop()]);
});

test('the line breaks while it moves: the instrument is asked, and it moved once', async () => {
  const { deps, executions } = await processOf('process-3');
  await device(deps, 'sealer-2', 'plate_sealer', { faults: [{ kind: 'disconnect', next: 1 }] });
  const execution = await executions.execute(request('sealer-2', 'seal_plate', 'seal-2'));
  assert.equal(execution.status, 'succeeded', JSON.stringify(execution.error));
  assert.equal(moved.get('seal-2'), 1);
  await executions.stop();
});

test('the instrument fails: a definite failure with the code of the instrument', async () => {
  const { deps, executions } = await processOf('process-4');
  await device(deps, 'sealer-3', 'plate_sealer', { faults: [{ kind: 'fail', code: 'out_of_foil' }] });
  const execution = await executions.execute(request('sealer-3', 'seal_plate', 'seal-3'));
  assert.deepEqual([execution.status, execution.error?.code], ['failed', 'out_of_foil']);
  await executions.stop();
});

test('a fault that strikes once, given twice: it strikes twice, and another change of the device brings none back', async () => {
  const { deps, executions } = await processOf('process-7');
  await device(deps, 'sealer-6', 'plate_sealer');
  const settings = { speed: 1_000, faults: [{ kind: 'fail', code: 'out_of_foil', next: 1 }] };
  const outcomes: string[] = [];
  const seal = async () => {
    const id = `twice-${outcomes.length}`;
    outcomes.push((await executions.execute(request('sealer-6', 'seal_plate', id))).status);
  };
  await changeDevice(deps, 'sealer-6', { settings });
  await seal();
  await seal();
  await changeDevice(deps, 'sealer-6', { settings });
  await seal();
  await changeDevice(deps, 'sealer-6', { location: 'Bench 2' });
  await seal();
  assert.deepEqual(outcomes, ['failed', 'succeeded', 'failed', 'succeeded']);
  await executions.stop();
});

test('an operation that hangs is stopped by hand, by its own process or through another one', async () => {
  const own = await processOf('process-5');
  const other = await processOf('process-6', {
    worker: false,
    settings: { feedPollMs: 30_000, repairMs: 30_000 },
  });
  const serve = ({ executions }: { executions: Executions }) =>
    createHttpServer({
      name: 'test',
      version: '0',
      description: '',
      log: silentLog,
      db: database.db,
      metrics: createMetrics('test'),
      routes: (app) => executions.routes(app),
      errors: [deviceErrors],
    });
  const servers = { own: await serve(own), other: await serve(other) };
  const abort = (id: string, payload?: object, through: keyof typeof servers = 'own') =>
    servers[through].app.inject({
      method: 'POST',
      url: `/devices/${id}/abort`,
      ...(payload ? { payload } : {}),
    });

  await device(own.deps, 'sealer-4', 'plate_sealer', { faults: [{ kind: 'hang', next: 1 }] });
  assert.deepEqual(
    [(await abort('sealer-4')).json().code, (await abort('nobody')).json().code],
    ['nothing_running', 'device_not_found'],
  );
  await own.executions.execute({ ...request('sealer-4', 'seal_plate', 'hang-1'), wait_seconds: 0 });
  const answer = await abort('sealer-4', { reason: 'it smokes' });
  const { execution } = answer.json();
  assert.deepEqual([answer.statusCode, execution.status, execution.error.code], [200, 'failed', 'aborted']);
  await device(other.deps, 'sealer-5', 'plate_sealer', { faults: [{ kind: 'hang', next: 1 }] });
  await other.executions.execute({ ...request('sealer-5', 'seal_plate', 'hang-3'), wait_seconds: 0 });
  const elsewhere = await abort('sealer-5', { wait_seconds: 30 }, 'other');
  assert.deepEqual([elsewhere.statusCode, elsewhere.json().execution.error.code], [200, 'aborted']);
  await Promise.all([servers.own.close(), servers.other.close()]);
  await Promise.all([own.executions.stop(), other.executions.stop()]);
});

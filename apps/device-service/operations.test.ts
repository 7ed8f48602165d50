/** device-service without a worker, and a worker of one device type in a process of its own, which is killed in between. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { devicesMigrations } from '@labwright/devices';
import { queueDepth } from '@labwright/jobs';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, spawnScript, type TestDatabase } from '@labwright/kernel/testing';
import { hostDeviceService } from './service.ts';

let folder: string;
let database: TestDatabase;
let host: Awaited<ReturnType<typeof hostDeviceService>>;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-operations-'));
  database = await createTestDatabase(devicesMigrations);
  host = await hostDeviceService({
    databaseUrl: database.url,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    instrumentsFolder: join(folder, 'instruments'),
    operationsAtOnce: 0,
  });
  await host.start();
});
after(async () => {
  await host.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const worker = () =>
  spawnScript(
    import.meta.resolve('../worker/main.ts'),
    { DEVICE_DATABASE_URL: database.url, LABWRIGHT_HOME: folder },
    {
      args: [
        ...['--handlers', fileURLToPath(import.meta.resolve('./operations.ts'))],
        ...['--queues', 'device.plate_sealer', '--database', database.url, '--lease', '1s'],
      ],
    },
  );

const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
  const answer = await host.server.app.inject({ method, url, ...(payload ? { payload } : {}) });
  assert.ok(answer.statusCode < 300, answer.body);
  return answer.json();
};

async function seal(id: string, settings: object) {
  await call('POST', '/devices', { id, name: id, type: 'plate_sealer', settings });
  await call('POST', `/devices/${id}/book`, { workflow_id: 'w1' });
  const execution_id = `seal-${id}`;
  const { execution } = await call('POST', `/devices/${id}/execute`, {
    workflow_id: 'w1',
    operation: 'seal_plate',
    execution_id,
    wait_seconds: 0,
  });
  assert.equal(execution.status, 'running');
  return execution_id;
}

const outcome = (execution_id: string) =>
  eventually(`${execution_id} ended`, async () => {
    const execution = await call('GET', `/executions/${execution_id}`);
    return execution.status === 'running' ? undefined : execution;
  });

test('a worker of the type carries it out; killed in the middle, the next one follows it to its end', async () => {
  const first = await seal('sealer-1', { speed: 1_000 });
  const worker1 = worker();
  assert.equal((await outcome(first)).status, 'succeeded');

  const second = await seal('sealer-2', { speed: 4 });
  await eventually('it is in hand', async () => {
    const states = await queueDepth(database.db, 'device.plate_sealer');
    return states.some(({ state }) => state === 'running') || undefined;
  });
  await worker1.kill();
  const worker2 = worker();
  const { status, device_id } = await outcome(second);
  assert.deepEqual([status, device_id], ['succeeded', 'sealer-2']);
  await worker2.kill('SIGTERM');
});

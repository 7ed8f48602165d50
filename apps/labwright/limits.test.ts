/** Each of the three services counts, whatever route it is and whoever wrote it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostDeviceService } from '@labwright/device-service';
import { hostHubService } from '@labwright/hub-service';
import { readConfig } from '@labwright/kernel/config';
import type { Identity } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import { limitSettings } from '@labwright/limits/http';
import { hostWorkflowService } from '@labwright/workflow-service';

const identity: Identity = {
  name: 'identity',
  authenticate: async ({ headers }) => ({
    id: String(headers['x-who']),
    kind: 'user',
    name: 'somebody',
    role: 'admin',
    scopes: null,
  }),
  start: async () => {},
  stop: async () => {},
};

let folder: string;
const databases: TestDatabase[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-limits-'));
  for (let made = 0; made < 3; made += 1) databases.push(await createTestDatabase([]));
});
after(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

for (const LIMITS_STORE of ['memory', 'postgres'])
  test(`every service answers 429 beyond its limits, counted in ${LIMITS_STORE}`, async () => {
    const limits = readConfig(limitSettings, { LIMITS_STORE, LIMITS_READ: '3/h', LIMITS_WRITE: '1/h' });
    const common = { host: '127.0.0.1', port: 0, log: silentLog, identity, limits };
    const [first, second, third] = databases.map(({ url }) => ({ ...common, databaseUrl: url }));
    assert.ok(first && second && third);
    const devices = await hostDeviceService({ ...first, instrumentsFolder: join(folder, 'instruments') });
    const workflows = await hostWorkflowService({ ...second, devices: devices.service.api });
    const hub = await hostHubService({
      ...third,
      secretKey: Buffer.alloc(32),
      files: { FILES_FOLDER: join(folder, 'files') },
    });
    const services = [
      { host: devices, read: '/devices', write: '/devices' },
      { host: workflows, read: '/workflows', write: '/workflows' },
      { host: hub, read: '/links', write: '/links' },
    ];
    try {
      for (const { host, read, write } of services) {
        const ask = (method: 'GET' | 'POST', url: string, who: string) =>
          // A machine full of tests lags behind; who is told so was not counted.
          eventually('it is not too busy', async () => {
            const headers = { 'x-who': `${who}-${LIMITS_STORE}`, host: 'localhost' };
            const payload = method === 'POST' ? { payload: {} } : {};
            const answer = await host.server.app.inject({ method, url, headers, ...payload });
            return answer.statusCode === 503 ? undefined : answer;
          });
        for (let turn = 0; turn < 3; turn += 1) {
          const answer = await ask('GET', read, 'ada');
          assert.equal(answer.statusCode, 200, answer.body);
          assert.match(String(answer.headers.ratelimit), new RegExp(`^"read-principal";r=${2 - turn};t=`));
        }
        const refused = await ask('GET', read, 'ada');
        assert.deepEqual([refused.statusCode, refused.json().code], [429, 'too_many_requests'], host.name);
        assert.ok(Number(refused.headers['retry-after']) > 1_000);
        assert.equal((await ask('GET', read, 'bob')).statusCode, 200);
        assert.equal((await ask('POST', write, 'ada')).statusCode, 400, 'counted although it is not valid');
        assert.equal((await ask('POST', write, 'ada')).statusCode, 429);
        assert.equal((await ask('GET', '/health', 'ada')).statusCode, 200);
      }
    } finally {
      for (const host of [hub, workflows, devices]) await host.stop();
    }
  });

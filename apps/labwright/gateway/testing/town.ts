import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFrom } from '@labwright/contract-hub/identity/settings';
import { vouchedBy, vouchFor } from '@labwright/contract-hub/identity/vouching';
import { demoPlan } from '@labwright/demo';
import { hostDeviceService } from '@labwright/device-service';
import { seedDevices } from '@labwright/devices/demo';
import { hostHubService } from '@labwright/hub-service';
import { systemClock } from '@labwright/kernel/clock';
import { silentLog } from '@labwright/kernel/log';
import { networksOf } from '@labwright/kernel/networks';
import { createTestDatabase, freePort } from '@labwright/kernel/testing';
import type { LimitSettings } from '@labwright/limits/http';
import { hostWorkflowService } from '@labwright/workflow-service';
import { seedWorkflows } from '@labwright/workflows/demo';
import { ask } from './ask.ts';

export interface Town {
  readonly hub: string;
  readonly devices: string;
  readonly workflows: string;
  readonly stopDevices: () => Promise<void>;
  close(): Promise<void>;
}

export const setupToken = 'the token of the first administrator';

/**
 * Three services on ports of their own, with the demo laboratory. `hubAccounts`: people sign in at the hub. `othersAsk`: the other two ask the hub who
 * somebody is; without it they trust this machine. `behindProxy`: the hub believes what this machine says of clients' addresses, as it would a proxy.
 */
export async function openTown(
  options: {
    hubAccounts?: boolean;
    othersAsk?: boolean;
    devicesAt?: string;
    behindProxy?: boolean;
    limits?: LimitSettings;
  } = {},
): Promise<Town> {
  const { hubAccounts = false, othersAsk = hubAccounts } = options;
  const folder = await mkdtemp(join(tmpdir(), 'labwright-gateway-'));
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase([])));
  const [deviceDb = '', workflowDb = '', hubDb = ''] = databases.map(({ url }) => url);
  const serviceToken = randomBytes(32).toString('hex');
  const { limits } = options;
  const common = { host: '127.0.0.1', port: 0, log: silentLog, ...(limits ? { limits } : {}) };
  const vouched = vouchedBy([serviceToken]);
  const hubPort = await freePort();
  const who = () =>
    othersAsk
      ? identityFrom(
          { HUB_URL: `http://127.0.0.1:${hubPort}`, SERVICE_TOKEN: [serviceToken], HUB_AWAY_SECONDS: 900 },
          { clock: systemClock, log: silentLog },
        )
      : undefined;
  const deviceIdentity = who();
  const workflowIdentity = who();
  const devices = await hostDeviceService({
    ...common,
    ...(deviceIdentity ? { identity: deviceIdentity } : {}),
    databaseUrl: deviceDb,
    vouched,
    instrumentsFolder: join(folder, 'instruments'),
  });
  const workflows = await hostWorkflowService({
    ...common,
    ...(workflowIdentity ? { identity: workflowIdentity } : {}),
    databaseUrl: workflowDb,
    vouched,
    devices: devices.service.api,
  });
  const hub = await hostHubService({
    ...common,
    port: hubPort,
    trustedProxies: options.behindProxy ? networksOf(['127.0.0.1']) : undefined,
    vouch: vouchFor(serviceToken),
    secretKey: randomBytes(32),
    ...(hubAccounts
      ? { accounts: { setup: { home: folder, token: setupToken }, serviceTokens: [serviceToken] } }
      : {}),
    databaseUrl: hubDb,
    files: { FILES_FOLDER: join(folder, 'files') },
    subjects: {
      devices: () => options.devicesAt ?? `http://127.0.0.1:${devices.port}`,
      workflows: () => `http://127.0.0.1:${workflows.port}`,
    },
  });
  const plan = demoPlan();
  await Promise.all([seedDevices(devices.db, plan), seedWorkflows(workflows.db, plan)]);
  const hosts = [hub, devices, workflows];
  for (const host of hosts) await host.start();
  return {
    hub: `http://127.0.0.1:${hub.port}`,
    devices: `http://127.0.0.1:${devices.port}`,
    workflows: `http://127.0.0.1:${workflows.port}`,
    stopDevices: () => devices.stop(),
    close: async () => {
      for (const host of hosts.toReversed()) await host.stop();
      for (const database of databases) await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The first administrator's cookie. */
export async function signIn(town: Pick<Town, 'hub'>): Promise<string> {
  const { status, headers, text } = await ask(`${town.hub}/setup`, {
    method: 'POST',
    body: {
      token: setupToken,
      name: 'Ada',
      email: 'ada@example.org',
      password: 'a sentence that is long enough',
    },
  });
  assert.equal(status, 201, text);
  return (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
}

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoPlan } from '@labwright/demo';
import { hostDeviceService } from '@labwright/device-service';
import { seedDevices } from '@labwright/devices/demo';
import { hostHubService } from '@labwright/hub-service';
import type { Db } from '@labwright/kernel/db';
import type { HttpServer } from '@labwright/kernel/http';
import type { Identity, Role } from '@labwright/kernel/identity';
import { type Log, silentLog } from '@labwright/kernel/log';
import { createTestDatabase } from '@labwright/kernel/testing';
import { hostWorkflowService } from '@labwright/workflow-service';
import { seedWorkflows } from '@labwright/workflows/demo';

export interface Service {
  readonly name: string;
  /** Where it answers, on a port of its own. */
  readonly url: string;
  readonly server: HttpServer;
}

export interface TestLab {
  readonly services: readonly Service[];
  /** The database of device-service. */
  readonly deviceDb: Db;
  close(): Promise<void>;
}

/** `Authorization: Bearer role`, or `Bearer role,scope,…`: whoever says so is so. */
export const sayWho: Identity = {
  name: 'say who',
  start: async () => {},
  stop: async () => {},
  authenticate: async ({ headers }) => {
    const said = /^Bearer (\w+)(?:,(\S+))?$/.exec(headers.authorization?.toString() ?? '');
    if (!said) return undefined;
    const role = said[1] as Role;
    return {
      id: `the-${role}`,
      kind: 'user',
      name: `the ${role}`,
      role,
      scopes: said[2]?.split(',') ?? null,
    };
  },
};

/** All three services with the demo laboratory, instruments that do everything at once, and limits so wide that nothing meets them. */
export async function openLab(options: { identity?: Identity; log?: Log } = {}): Promise<TestLab> {
  const { identity, log = silentLog } = options;
  const folder = await mkdtemp(join(tmpdir(), 'labwright-security-'));
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase([])));
  const [deviceDb, workflowDb, hubDb] = databases.map(({ url }) => url);
  const common = { host: '127.0.0.1', port: 0, log, ...(identity ? { identity } : {}) };
  const devices = await hostDeviceService({
    ...common,
    databaseUrl: deviceDb ?? '',
    instrumentsFolder: join(folder, 'instruments'),
  });
  const workflows = await hostWorkflowService({
    ...common,
    databaseUrl: workflowDb ?? '',
    devices: devices.service.api,
  });
  const hub = await hostHubService({
    ...common,
    secretKey: randomBytes(32),
    databaseUrl: hubDb ?? '',
    files: { FILES_FOLDER: join(folder, 'files') },
    subjects: { devices: () => addressOf(devices.port), workflows: () => addressOf(workflows.port) },
  });
  const plan = demoPlan();
  await Promise.all([seedDevices(devices.db, plan), seedWorkflows(workflows.db, plan)]);
  const hosts = [devices, workflows, hub];
  for (const host of hosts) await host.start();
  return {
    deviceDb: devices.db,
    services: hosts.map(({ name, port, server }) => ({ name, url: addressOf(port), server })),
    close: async () => {
      for (const host of hosts.toReversed()) await host.stop();
      for (const database of databases) await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const addressOf = (port: number) => `http://127.0.0.1:${port}`;

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, freePort, spawnScript } from '@labwright/kernel/testing';
import { buildPages } from '../build/build-pages.ts';
import { hashSources, isBuilt } from '../build/sources.ts';

/** Whose database it is. */
export type LabDatabase = 'device' | 'workflow' | 'hub';

export interface BrowserLab {
  /** Of the hub, without a slash at its end. */
  readonly url: string;
  /** Of the services themselves, for what a test prepares without the browser. */
  readonly devices: string;
  readonly workflows: string;
  readonly home: string;
  /** For what a test needs to find there and no route makes. */
  databaseUrl(of: LabDatabase): Promise<string>;
  /** Ends it as `kill -9` would, or softly, and starts it again at the same addresses. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and leaves it so, until `start`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface LabOptions {
  /**
   * `shared`: three databases on the server that all tests have. `own`: the embedded PostgreSQL, whose start takes as long as many a test;
   * for tests that kill the laboratory, which then finds its PostgreSQL still running, and where there is no server of the tests.
   */
  postgres?: 'shared' | 'own';
}

/** A whole laboratory (`labwright up`) with ports and a folder of its own, and its pages, built if need be. */
export async function startLab(
  settings: Record<string, string> = {},
  { postgres = 'shared' }: LabOptions = {},
): Promise<BrowserLab> {
  const hash = await hashSources();
  if (!(await isBuilt(hash))) await buildPages(hash);
  const home = await mkdtemp(join(tmpdir(), 'labwright-web-'));
  const [device, workflow, hub] = await Promise.all([freePort(), freePort(), freePort()]);
  const databases = postgres === 'own' ? embeddedDatabases(home) : await sharedDatabases();
  const env = {
    ...databases.settings,
    LABWRIGHT_HOME: home,
    DEVICE_SERVICE_PORT: String(device),
    WORKFLOW_SERVICE_PORT: String(workflow),
    HUB_SERVICE_PORT: String(hub),
    ...settings,
  };
  const main = new URL('../../labwright/main.ts', import.meta.url).href;
  let running: ReturnType<typeof spawnScript> | undefined;

  const start = async () => {
    running = spawnScript(main, env, { args: ['up'] });
    await running.wrote(/Ctrl-C stops everything/);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    await running?.kill(signal);
    running = undefined;
  };
  await start();
  return {
    url: `http://localhost:${hub}`,
    devices: `http://localhost:${device}`,
    workflows: `http://localhost:${workflow}`,
    home,
    databaseUrl: databases.url,
    start,
    stop,
    restart: async (signal) => {
      await stop(signal);
      await start();
    },
    close: async () => {
      await stop();
      await databases.close();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface LabDatabases {
  /** That `labwright up` is started with. */
  readonly settings: Record<string, string>;
  url(of: LabDatabase): Promise<string>;
  close(): Promise<void>;
}

/** Empty ones: the services migrate them when they start. */
async function sharedDatabases(): Promise<LabDatabases> {
  const [device, workflow, hub] = await Promise.all([
    createTestDatabase([]),
    createTestDatabase([]),
    createTestDatabase([]),
  ]);
  return {
    settings: {
      DEVICE_DATABASE_URL: device.url,
      WORKFLOW_DATABASE_URL: workflow.url,
      HUB_DATABASE_URL: hub.url,
      // As with the embedded PostgreSQL: there it comes by itself.
      LABWRIGHT_DEMO: '1',
    },
    url: async (of) => ({ device, workflow, hub })[of].url,
    close: async () => {
      await Promise.all([device, workflow, hub].map((database) => database.drop()));
    },
  };
}

function embeddedDatabases(home: string): LabDatabases {
  const folder = join(home, 'postgres');
  return {
    settings: {},
    url: async (of) => {
      const line = await readFile(join(folder, 'pgpass'), 'utf8');
      const [, port, , user, password] = line.trim().split(':');
      return `postgres://${user}:${encodeURIComponent(password ?? '')}@127.0.0.1:${port}/${of}_db`;
    },
    close: async () => {
      // Should the laboratory have been killed, its PostgreSQL may still run: it is ours, by the pid in its own folder.
      const pidFile = join(folder, 'data', 'postmaster.pid');
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
    },
  };
}

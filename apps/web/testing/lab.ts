import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnScript } from '@labwright/kernel/testing';
import { buildPages } from '../build/build-pages.ts';
import { hashSources, isBuilt } from '../build/sources.ts';

export interface BrowserLab {
  /** Of the hub, without a slash at its end. */
  readonly url: string;
  /** Of the services themselves, for what a test prepares without the browser. */
  readonly devices: string;
  readonly workflows: string;
  readonly home: string;
  /** Ends it as `kill -9` would, or softly, and starts it again at the same addresses. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and leaves it so, until `start`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A whole laboratory (`labwright up`) with ports, a folder and a PostgreSQL of its own, and its pages, built if need be. */
export async function startLab(settings: Record<string, string> = {}): Promise<BrowserLab> {
  const hash = await hashSources();
  if (!(await isBuilt(hash))) await buildPages(hash);
  const home = await mkdtemp(join(tmpdir(), 'labwright-web-'));
  const [device, workflow, hub] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
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
    start,
    stop,
    restart: async (signal) => {
      await stop(signal);
      await start();
    },
    close: async () => {
      await stop();
      // Should the laboratory have been killed, its PostgreSQL may still run: it is ours, by the pid in its own folder.
      const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

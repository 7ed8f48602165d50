/** Processes under fire, each with networks of its own to the servers; whoever dies is started again, as a supervisor would. */
import { openProxy, spawnScript, type TestProcess, type TestProxy } from '@labwright/kernel/testing';
import type { Settings } from './process.ts';

export interface Fighter {
  readonly role: Settings['role'];
  readonly database: TestProxy;
  readonly broker: TestProxy | undefined;
  readonly process: TestProcess;
  /** How often it was started. */
  readonly starts: number;
  /** SIGSTOP for so long; a process that is killed meanwhile is not continued. */
  freeze(ms: number): Promise<void>;
  /** SIGTERM; resolves with how it ended, or with what it said where it did not within that time. */
  stop(withinMs: number): Promise<string | undefined>;
}

export async function startFighter(settings: Settings): Promise<Fighter> {
  const database = await openProxy(target(settings.database, 5432));
  const broker = settings.broker ? await openProxy(target(settings.broker, 5672)) : undefined;
  const own: Settings = {
    ...settings,
    database: database.through(settings.database),
    ...(broker && settings.broker ? { broker: `${broker.through(settings.broker)}?heartbeat=2` } : {}),
  };
  let stopping = false;
  let starts = 0;
  let current: TestProcess;
  const start = () => {
    starts += 1;
    current = spawnScript(import.meta.resolve('./process.ts'), {}, { args: [JSON.stringify(own)] });
    current.ended.then(() => {
      if (!stopping) setTimeout(() => stopping || start(), 100);
    });
  };
  start();
  const pass = () => {
    database.weather = 'pass';
    if (broker) broker.weather = 'pass';
  };
  return {
    role: settings.role,
    database,
    broker,
    get process() {
      return current;
    },
    get starts() {
      return starts;
    },
    freeze: async (ms) => {
      const frozen = current;
      frozen.child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, ms));
      frozen.child.kill('SIGCONT');
    },
    stop: async (withinMs) => {
      stopping = true;
      pass();
      const last = current;
      last.child.kill('SIGTERM');
      const timer = setTimeout(() => last.child.kill('SIGABRT'), withinMs);
      const how = await last.ended;
      clearTimeout(timer);
      await database.close();
      await broker?.close();
      return how === 0 || how === 'SIGKILL'
        ? undefined
        : `${settings.role} ended with ${how}: ${last.output().slice(-3_000)}`;
    },
  };
}

function target(url: string, port: number): { host: string; port: number } {
  const { hostname, port: given } = new URL(url);
  return { host: hostname, port: Number(given || port) };
}

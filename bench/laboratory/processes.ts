import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scope } from '../scope.ts';
import { root } from './production.ts';

export interface RunningService {
  readonly origin: string;
  /** Megabytes: the most memory that the process ever had resident. Undefined where the system does not tell. */
  peakMemory(): Promise<number | undefined>;
  /** Milliseconds of processor time that the process has used. Undefined where the system does not tell. */
  cpuTime(): Promise<number | undefined>;
  /** What it has logged so far, one JSON object a line. */
  log(): Promise<string>;
  /** True until the process ends. */
  alive(): boolean;
}

const startsWithinMs = 60_000;
const endsWithinMs = 20_000;

/** Clock ticks of `/proc/<pid>/stat` a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Starts a program of the repository and resolves when it has logged the port that it listens on. It logs into a
 * file, since a pipe would have to be emptied by the process that measures. Ended with the scope.
 */
export async function startProcess(
  scope: Scope,
  options: { program: string; logFile: string; env: Record<string, string> },
): Promise<RunningService> {
  const log = await open(options.logFile, 'w');
  const child = spawn(process.execPath, [options.program], {
    cwd: root,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = once(child, 'exit').catch(() => {});
  await log.close();
  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const readLog = () => readFile(options.logFile, 'utf8');
  let listens = false;
  scope.defer(async () => {
    if (!alive() && !listens) return;
    if (!alive()) throw new Error(`${options.program} ended by itself:\n${lastLines(await readLog())}`);
    child.kill('SIGTERM');
    const stuck = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
    await ended;
    clearTimeout(stuck);
  });

  const port = await listeningPort(readLog, alive, options.program);
  listens = true;
  const proc = async (file: string) => {
    if (process.platform !== 'linux' || !alive()) return undefined;
    return readFile(`/proc/${child.pid}/${file}`, 'utf8').catch(() => undefined);
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    alive,
    log: readLog,
    peakMemory: async () => {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec((await proc('status')) ?? '')?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    },
    cpuTime: async () => {
      // The second field is the program's name in brackets and may hold spaces.
      const fields = (await proc('stat'))?.split(') ').at(-1)?.split(' ');
      if (!fields) return undefined;
      return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
    },
  };
}

async function listeningPort(
  readLog: () => Promise<string>,
  alive: () => boolean,
  program: string,
): Promise<number> {
  const giveUpAt = performance.now() + startsWithinMs;
  for (;;) {
    const text = await readLog();
    const port = /"port":(\d+).*the service listens/.exec(text)?.[1];
    if (port) return Number(port);
    if (!alive() || performance.now() > giveUpAt)
      throw new Error(`${program} does not listen:\n${lastLines(text)}`);
    await delay(25);
  }
}

const lastLines = (text: string) => text.trim().split('\n').slice(-8).join('\n');

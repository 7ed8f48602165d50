import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where Debian's packages for Python are; another Python may be first on the path. */
const python = process.env.LABWRIGHT_TEST_PYTHON ?? '/usr/bin/python3';
const folder = new URL('.', import.meta.url).pathname;

/** Whether this machine has Celery. Where it has none, its tests are skipped by name; with `CI=true` that is an error. */
export function hasCelery(): boolean {
  const found = spawnSync(python, ['-c', 'import celery, amqp'], { stdio: 'ignore' }).status === 0;
  if (!found && process.env.CI === 'true')
    throw new Error('There is no Celery on this machine: install it (Debian: python3-celery).');
  return found;
}

export interface Deed {
  at: number;
  pid: number;
  event: string;
  rotor?: string;
  retries?: number;
  task?: string;
  result?: unknown;
  word?: string;
}

export interface CeleryWorker {
  readonly pid: number;
  /** What it wrote. */
  output(): string;
  /** The process and those of its pool. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface CeleryHome {
  readonly deeds: () => Promise<Deed[]>;
  /** The path of a file that is not there yet, and how to make it: for a task that waits for it. */
  gate(): { path: string; open(): Promise<void> };
  /** A worker that serves this queue; resolves when it is ready. */
  worker(options: {
    broker: string;
    queue: string;
    pool?: 'solo' | 'prefork' | 'threads';
    concurrency?: number;
    acksLate?: boolean;
  }): Promise<CeleryWorker>;
  client(options: { broker: string; queue: string }): Promise<CeleryClient>;
  /** Ends every process that it started. */
  remove(): Promise<void>;
}

export type Told = {
  n: number;
  ok?: unknown;
  state?: string;
  error?: string;
  kinds?: string[];
  text?: string;
  args?: string[];
  traceback?: string | null;
  silent?: boolean;
  broken?: string;
};

export interface CeleryClient {
  /** Sends and waits for the answer of `.get()`; `sent` hears the id of the task. */
  ask(request: Record<string, unknown>, sent?: (taskId: string) => void): Promise<Told>;
}

export async function celeryHome(): Promise<CeleryHome> {
  const home = await mkdtemp(join(tmpdir(), 'labwright-celery-'));
  const deedsFile = join(home, 'deeds');
  const ends: (() => Promise<void>)[] = [];
  let gates = 0;
  const environment = (broker: string, queue: string) => ({
    PATH: process.env.PATH ?? '',
    LANG: 'C.UTF-8',
    HOME: home,
    PYTHONPATH: folder,
    PYTHONDONTWRITEBYTECODE: '1',
    BROKER: broker,
    QUEUE: queue,
    DEEDS: deedsFile,
    C_FORCE_ROOT: '1',
  });

  return {
    deeds: async () => {
      const text = await readFile(deedsFile, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Deed);
    },
    gate: () => {
      gates += 1;
      const path = join(home, `gate-${gates}`);
      return { path, open: () => writeFile(path, '') };
    },
    worker: async ({ broker, queue, pool = 'solo', concurrency = 1, acksLate = false }) => {
      const args = ['-m', 'celery', '-A', 'drivers', 'worker', '-Q', queue, '--pool', pool];
      args.push(
        '--concurrency',
        String(concurrency),
        '-n',
        `w${ends.length}@test-${process.pid}`,
        '--loglevel',
        'INFO',
      );
      args.push('--without-gossip', '--without-mingle');
      // A group of its own, so that the processes of its pool die with it.
      const child = spawn(python, args, {
        cwd: home,
        detached: true,
        env: { ...environment(broker, queue), ACKS_LATE: acksLate ? '1' : '0' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      const ready = Promise.withResolvers<void>();
      const hear = (chunk: Buffer) => {
        output += chunk;
        if (/ ready\./.test(output)) ready.resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => ready.reject(new Error(`a celery worker ended with ${code}:\n${output}`)));
      ready.promise.catch(() => {});
      const { pid } = child;
      if (pid === undefined) throw new Error('a celery worker could not be started');
      const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        process.kill(signal === 'SIGKILL' ? -pid : pid, signal);
        await ended;
      };
      ends.push(() => kill());
      await ready.promise;
      return { pid, output: () => output, kill };
    },
    client: async ({ broker, queue }) => {
      const child = spawn(python, [join(folder, 'client.py')], {
        cwd: home,
        env: environment(broker, queue),
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const waiting = new Map<
        number,
        { done(told: Told): void; sent?: ((id: string) => void) | undefined }
      >();
      const ready = Promise.withResolvers<void>();
      child.once('exit', (code) => ready.reject(new Error(`a celery client ended with ${code}`)));
      ready.promise.catch(() => {});
      createInterface({ input: child.stdout }).on('line', (line) => {
        const told = JSON.parse(line) as Told & { ready?: boolean; sent?: string };
        if (told.ready) ready.resolve();
        else if (told.sent !== undefined) waiting.get(told.n)?.sent?.(told.sent);
        else waiting.get(told.n)?.done(told);
      });
      ends.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      });
      let count = 0;
      await ready.promise;
      return {
        ask: (request, sent) =>
          new Promise((resolve) => {
            count += 1;
            waiting.set(count, { done: resolve, sent });
            child.stdin.write(`${JSON.stringify({ ...request, n: count })}\n`);
          }),
      };
    },
    remove: async () => {
      await Promise.all(ends.map((end) => end()));
      await rm(home, { recursive: true, force: true });
    },
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TestProcess {
  readonly child: ChildProcess;
  /** What it wrote to standard output and standard error so far. */
  output(): string;
  /** Resolves when the output matches; rejects when the process ends first. */
  wrote(pattern: RegExp): Promise<void>;
  /** Resolves when the process has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** The preload that kills a process at one exact statement: see `crash-point.ts`. */
export const crashPoint = new URL('./crash-point.ts', import.meta.url).href;

/** What Node has compiled, for the programs that tests start: they need half the time for their start. */
export const compileCache = process.env.NODE_COMPILE_CACHE || join(tmpdir(), 'labwright-compile-cache');

/** Runs a script of this repository with our own Node. `url` is relative to the caller: `import.meta.resolve(…)`. */
export function spawnScript(
  url: string,
  env: Record<string, string>,
  options: { preload?: string; args?: string[] } = {},
): TestProcess {
  const preload = options.preload ? ['--import', options.preload] : [];
  const child = spawn(process.execPath, [...preload, fileURLToPath(url), ...(options.args ?? [])], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: compileCache,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const watchers = new Set<() => void>();
  const add = (chunk: Buffer) => {
    text += chunk;
    for (const watch of watchers) watch();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  let over = false;
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      resolve(code ?? signal);
      for (const watch of watchers) watch();
    });
  });
  return {
    child,
    output: () => text,
    ended,
    wrote: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(text)) resolve();
          else if (over) reject(new Error(`The process ended without writing ${pattern}:\n${text}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await ended;
    },
  };
}

/**
 * Below those that a system gives to outgoing connections: another program would have one of these before its server is there. And not
 * those of which the embedded PostgreSQL chooses, nor 10080, which browsers and fetch refuse.
 */
const ports = { from: 11_000, to: 20_000 };

/** A port that was free a moment ago: for a server that is told its port, or has to come back under the same address. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = randomInt(ports.from, ports.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`No port between ${ports.from} and ${ports.to} is free on 127.0.0.1.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Asks again every 20 ms until `look` answers something; for what another process will do in its own time. Gives up before the test's own time is over. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 100_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Still not so after ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Report } from '../run/supervised.ts';

/*
 *     starting ──it says so──► ready ──told to, or by itself──► draining
 *        └──────────────────────┴── its process ends ──► ended ──all that it started has ended too──► closed
 */

export interface WorkerProcess {
  /** From 1; a worker that is started again keeps it. */
  readonly number: number;
  readonly pid: number;
  readonly startedAt: number;
  state: 'starting' | 'ready' | 'draining' | 'ended';
  /** Under which it was on record as a worker. */
  readonly ids: readonly string[];
  readonly figures: { done: number; busyMs: number; running: number };
  signal(signal: NodeJS.Signals): void;
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Resolves when nothing runs any more of what it started; false where that could not be seen. */
  readonly closed: Promise<boolean>;
}

const script = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Milliseconds that what it started has to end when it has ended; it was killed by then. */
const lingerMs = 2_000;

/**
 * Starts a worker in a process group of its own. All that it starts holds its standard output, so that the end of that is the end of
 * them all: then, and not before, its jobs may start elsewhere.
 */
export function startWorkerProcess(
  args: readonly string[],
  options: {
    number: number;
    env: Record<string, string | undefined>;
    say(line: string): void;
    onReady(): void;
  },
): WorkerProcess {
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
    env: { ...options.env, LABWRIGHT_SUPERVISED: '1' },
  });
  const ids: string[] = [];
  const figures = { done: 0, busyMs: 0, running: 0 };
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing is left of it.
    }
  };
  const whole = once(child, 'close').then(() => true);
  whole.catch(() => {});
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => {
      worker.state = 'ended';
      killGroup();
      resolve(code ?? signal ?? 1);
    });
  });
  const worker: WorkerProcess = {
    number: options.number,
    pid: child.pid ?? 0,
    startedAt: performance.now(),
    state: 'starting',
    ids,
    figures,
    signal: (signal) => void child.kill(signal),
    ended,
    closed: ended.then(async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(resolve, lingerMs, false);
      });
      const closed = await Promise.race([whole.catch(() => false), late]);
      clearTimeout(timer);
      return closed;
    }),
  };
  child.on('message', (report: Report) => {
    if (report.type === 'joined') ids.push(report.id);
    else if (report.type === 'figures') Object.assign(figures, report);
    else if (report.type === 'drains' && worker.state !== 'ended') worker.state = 'draining';
    else if (report.type === 'ready' && worker.state === 'starting') {
      worker.state = 'ready';
      options.onReady();
    }
  });
  if (child.stdout) createInterface({ input: child.stdout }).on('line', options.say);
  return worker;
}

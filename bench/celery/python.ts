import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { payload } from '../engines/engine.ts';
import { root } from '../laboratory/production.ts';
import type { Scope } from '../scope.ts';

/** Where Debian's packages for Python are; another Python may be first on the path. */
const python = process.env.BENCH_PYTHON ?? '/usr/bin/python3';
const folder = `${root}bench/celery`;

/** As `5.2.6`; undefined where this machine has no Celery. */
export function celeryVersion(): string | undefined {
  const found = spawnSync(python, ['-c', 'import celery; print(celery.__version__)'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

export interface Celery {
  /** Calls the task so often and waits for all results; answers milliseconds. */
  round(count: number): Promise<number>;
}

/** Celery's own worker, with so many processes, and its own client. Ended with the scope. */
export function startCelery(
  scope: Scope,
  url: string,
  queue: string,
  processes: number,
  signal: AbortSignal,
): Celery {
  const env = {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    // It warns of being run by root, on standard error.
    PYTHONWARNINGS: 'ignore',
    BENCH_AMQP_URL: url,
    BENCH_QUEUE: queue,
    BENCH_PAYLOAD: JSON.stringify(payload),
  };
  const worker = spawn(
    python,
    [
      ...['-m', 'celery', '-A', 'app', 'worker', '--queues', queue, '--pool', 'prefork'],
      ...['--concurrency', String(processes), '--loglevel', 'ERROR'],
    ],
    // A group of its own: the processes of its pool end with it.
    { cwd: folder, env, detached: true, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const client = spawn(python, ['app.py'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] });
  scope.defer(() => endGroup(worker));
  scope.defer(async () => {
    const ended = once(client, 'exit');
    if (client.kill('SIGKILL')) await ended;
  });
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
  return {
    round: async (count) => {
      client.stdin.write(`${count}\n`);
      const gone = Promise.withResolvers<never>();
      gone.promise.catch(() => {});
      const giveUp = () => gone.reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const { value, done } = await Promise.race([lines.next(), gone.promise]);
        if (done) throw new Error('the client of Celery ended by itself');
        return Number(value) * 1_000;
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}

/** Kills the processes of the pool with their parent. */
async function endGroup(worker: ChildProcess): Promise<void> {
  if (worker.pid === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
  const ended = once(worker, 'exit');
  process.kill(-worker.pid, 'SIGKILL');
  await ended;
}

import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import { inspectProcess } from './processes.ts';
import { programEnvironment } from './run-as.ts';

/** One living server process; `born` guards against a number that was used again. */
export interface Postmaster {
  pid: number;
  port: number;
  born?: string;
  /** Resolves when it has ended: known at once for a child of ours, and found out by looking for others. */
  ended?: Promise<void>;
}

/**
 * Fast shutdown first: sessions are ended and everything is written out. Then without writing out, which
 * the next start makes good from the log. Then by force, which it makes good as well.
 */
const steps: { signal: NodeJS.Signals; patienceMs: number }[] = [
  { signal: 'SIGINT', patienceMs: 30_000 },
  { signal: 'SIGQUIT', patienceMs: 10_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
];

export function hasEnded(postmaster: Pick<Postmaster, 'pid' | 'born'>): boolean {
  const facts = inspectProcess(postmaster.pid);
  return !facts.alive || (postmaster.born !== undefined && facts.born !== postmaster.born);
}

/**
 * Resolves when the process is gone, at the latest after 45 s. `atOnce`: without writing out, which the next start makes good. Throws
 * `stop_failed` or `not_permitted`.
 */
export async function stopPostmaster(
  postmaster: Postmaster,
  place: { data: string; pgCtl: string },
  { atOnce = false } = {},
): Promise<void> {
  for (const { signal, patienceMs } of atOnce ? steps.slice(1) : steps) {
    if (hasEnded(postmaster)) return;
    send(postmaster.pid, signal, place);
    const deadline = performance.now() + patienceMs;
    while (!hasEnded(postmaster) && performance.now() < deadline) await delay(20);
  }
  if (hasEnded(postmaster)) return;
  throw new EmbeddedPostgresError('stop_failed', `The PostgreSQL process ${postmaster.pid} does not end.`);
}

function send(pid: number, signal: NodeJS.Signals, { data, pgCtl }: { data: string; pgCtl: string }): void {
  if (process.platform === 'win32' && signal !== 'SIGKILL') {
    // Windows has no signals; PostgreSQL's own substitute for them is spoken by pg_ctl.
    const mode = signal === 'SIGINT' ? 'fast' : 'immediate';
    spawnSync(pgCtl, ['stop', '-D', data, '-m', mode, '--no-wait'], { env: programEnvironment() });
    return;
  }
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return;
    throw new EmbeddedPostgresError(
      'not_permitted',
      `The PostgreSQL process ${pid} may not be stopped (${errorCode(error)}).`,
      { cause: error },
    );
  }
}

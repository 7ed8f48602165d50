import { startGuarded } from './guarded-command.ts';
import { openLocksAt } from './open-store.ts';
import { lockOptions } from './options.ts';

/** Where the command has no exit code to pass on. The first is EX_TEMPFAIL of sysexits.h. */
const exitCodes = { notOurTurn: 75, leaseLost: 76 } as const;

/**
 * `labwright lock run`: a program under a lock. Answers its exit code. Where the lease is lost, it and all that it
 * started are killed, before another one can have the lock.
 */
export async function lockRun(args: string[], complain: (text: string) => void): Promise<number> {
  const { key, waitMs, ttlMs, url, command } = lockOptions(args);
  if (process.platform === 'win32') throw new Error('lock run needs a POSIX system: Linux or macOS.');
  const stop = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let pass = (signal: NodeJS.Signals) => stop.abort(new Error(`${signal} while waiting for the lock`));
  for (const signal of signals) process.on(signal, () => pass(signal));

  const { locks, close } = await openLocksAt(url);
  try {
    const lease = await locks.acquire(key, { waitMs, ttlMs, signal: stop.signal });
    if (!lease) {
      complain(
        `The lock "${key}" is held by another one${waitMs > 0 ? `, and was for ${waitMs / 1000} s` : ''}; nothing was run.${waitMs > 0 ? '' : ' Wait for it with --wait 60s.'}\n`,
      );
      return exitCodes.notOurTurn;
    }
    let lost = false;
    const child = startGuarded(command, {
      LABWRIGHT_LOCK_KEY: key,
      LABWRIGHT_LOCK_TOKEN: String(lease.token),
    });
    const kill = () => {
      lost = true;
      child.kill('SIGKILL');
    };
    lease.signal.addEventListener('abort', kill, { once: true });
    if (lease.signal.aborted) kill();
    pass = (signal) => child.kill(signal);
    try {
      const code = await child.ended;
      if (!lost) return code;
      complain(`${lease.signal.reason.message}; the command was killed.\n`);
      return exitCodes.leaseLost;
    } finally {
      await lease.release().catch(() => {});
    }
  } finally {
    await close();
  }
}

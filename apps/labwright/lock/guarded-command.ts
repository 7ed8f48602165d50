import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/*
 *     us ──pipe──► watcher ─┐
 *                           ├─ one process group: the command, whatever it starts, and the watcher
 *                  command ─┘
 *
 * The watcher reads the pipe. When we end, however we end, the pipe ends, and the watcher ends the whole group: a
 * command never outlives the lock that it runs under.
 */
const watched = '{ cat <&3 >/dev/null; kill -KILL 0; } 3<&3 & exec 3<&-; exec "$@"';

export interface GuardedCommand {
  /** Its exit code; 128 and the signal's number where a signal ended it; 127 where there is no such program. */
  readonly ended: Promise<number>;
  /** To the command and all that it started. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program that dies with this process. The terminal, stdin, stdout and stderr are its own. POSIX only. */
export function startGuarded(
  [program, ...args]: readonly [string, ...string[]],
  env: Record<string, string>,
): GuardedCommand {
  const child = spawn('/bin/sh', ['-c', watched, 'sh', program, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  const pipe = child.stdio[3] as Readable & Writable;
  pipe.on('error', () => {});
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      // What it left running would go on without the lock.
      kill('SIGKILL');
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
  return { ended, kill };
}

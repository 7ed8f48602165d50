import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from '../laboratory/production.ts';
import type { Bench } from '../scenarios/scenario.ts';

/** Starts `labwright worker` or `labwright scale` for the queue `held`, as a laboratory does. Ended with the scope. */
export function startWorkers(
  { laboratory, scope }: Bench,
  url: string,
  command: readonly ['worker'] | readonly ['scale', '--count', string],
): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      'apps/labwright/main.ts',
      ...command,
      '--queues',
      'held',
      '--drain',
      '1s',
      '--handlers',
      `${root}bench/takeover/handlers.ts`,
    ],
    {
      cwd: root,
      env: { PATH: process.env.PATH, ...laboratory.production, JOBS_DATABASE_URL: url, LOG_LEVEL: 'fatal' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  scope.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    // A supervisor that is asked twice ends its workers at once; they end by themselves where it is killed.
    child.kill('SIGTERM');
    const again = setTimeout(() => child.kill('SIGTERM'), 1_500);
    const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(again);
    clearTimeout(hard);
  });
  return child;
}

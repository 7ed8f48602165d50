/** Handlers that behave well, badly, and worse: for tests of children. */
import { writeFileSync } from 'node:fs';
import { isMainThread, threadId } from 'node:worker_threads';
import { currentContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { currentPrincipal } from '@labwright/kernel/identity';
import Type from 'typebox';
import { defineTask, handle, NoRetry, RetryAt } from '../index.ts';

const anything = Type.Object({});
const task = (name: string) => defineTask({ name, args: anything, retryDelayMs: 1 });
/** Arguments come back as they came, with where, for whom and in which trace the handler ran. */
export const echo = task('echo');
export const spin = task('spin');
export const hang = task('hang');
export const heed = task('heed');
export const crash = task('crash');
export const fail = task('fail');
export const report = task('report');
export const hoard = task('hoard');
export const mark = task('mark');

const pinned: Buffer[] = [];
const busy = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

export const handlers = [
  handle(
    echo,
    async (args, { signal: _signal, log: _log, progress: _progress, complete: _complete, ...context }) => ({
      args,
      context,
      where: isMainThread ? process.pid : threadId,
      trace: currentContext()?.trace_id,
      principal: currentPrincipal().id,
    }),
  ),
  handle(spin, async (args) => {
    busy((args as { ms: number }).ms);
    return 'spun';
  }),
  handle(hang, async () => {
    for (;;) busy(1_000);
  }),
  handle(heed, async (_args, { signal, progress }) => {
    progress(0.1, 'waits');
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }),
  handle(crash, async (args) => {
    const { how } = args as { how: 'exit' | 'signal' | 'heap' };
    if (how === 'exit') process.exit(3);
    if (how === 'signal') process.kill(process.pid, 'SIGSEGV');
    const full: unknown[] = [];
    for (;;) full.push(new Array(1_000_000).fill(full.length + 0.5));
  }),
  handle(fail, async (args, { complete }) => {
    const { how } = args as { how: string };
    if (how === 'never') throw new NoRetry('never again');
    if (how === 'later') throw new RetryAt(new Date(2_000_000_000_000), 'later');
    if (how === 'completes') await complete({} as Queryable);
    if (how === 'unsendable') return { big: 1n };
    throw new TypeError('of another type');
  }),
  handle(report, async (_args, { log, progress }) => {
    progress(0.5, 'half');
    log.warn({ sample: 7 }, 'a line from the child');
    progress(1, 'whole');
  }),
  handle(hoard, async (args) => {
    pinned.push(Buffer.alloc((args as { mib: number }).mib * 1024 * 1024, 1));
    return isMainThread ? process.pid : threadId;
  }),
  handle(mark, async (args) => {
    writeFileSync((args as { file: string }).file, String(process.pid));
    for (;;) busy(1_000);
  }),
];

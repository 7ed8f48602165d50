/** Handlers for tests of worker processes. */
import { setTimeout as pause } from 'node:timers/promises';
import { defineTask, handle, NoRetry } from '@labwright/jobs';
import Type from 'typebox';

export const nap = defineTask({
  name: 'nap',
  queue: 'naps',
  args: Type.Object({ ms: Type.Integer() }),
  retryDelayMs: 10,
});
/** Keeps its process busy, and heeds nothing. */
export const grind = defineTask({
  name: 'grind',
  queue: 'naps',
  args: Type.Object({ ms: Type.Integer() }),
  retryDelayMs: 10,
});

export const handlers = [
  handle(nap, async ({ ms }, { signal }) => {
    await pause(ms, undefined, { signal });
    return { pid: process.pid };
  }),
  handle(grind, async ({ ms }) => {
    if (ms < 0) throw new NoRetry('less than nothing');
    const until = performance.now() + ms;
    while (performance.now() < until);
    return { pid: process.pid };
  }),
];

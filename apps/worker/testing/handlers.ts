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

/** Starts what fails beside it: a promise that nobody looks at, a timer that throws, or one of them behind its end. */
export const stray = defineTask({
  name: 'stray',
  queue: 'naps',
  args: Type.Object({ how: Type.String() }),
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
  handle(stray, async ({ how }, { signal }) => {
    const failing = async () => {
      throw new Error(`an unseen ${how}`);
    };
    if (how === 'promise') setTimeout(() => void failing(), 20);
    else if (how === 'late promise') setTimeout(() => void failing(), 200);
    else
      setTimeout(() => {
        throw new Error(`an unseen ${how}`);
      }, 20);
    if (how === 'late promise') return { pid: process.pid };
    // Heeds its signal, or would nap for longer than any test.
    await pause(60_000, undefined, { signal });
    return { pid: process.pid };
  }),
];

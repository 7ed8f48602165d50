import { setTimeout as pause } from 'node:timers/promises';
import { defineTask, handle } from '@labwright/jobs';
import Type from 'typebox';

/** Two kinds of work, each on a queue of its own. The pauses stand for work that takes its time. */

const common = {
  ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  /** So many attempts fail first: to see retries. */
  failures: Type.Optional(Type.Integer({ minimum: 0, maximum: 3 })),
};

const taskA = defineTask({
  name: 'task_a',
  queue: 'queue_a',
  args: Type.Object({ numbers: Type.Array(Type.Number()), ...common }),
});

const taskB = defineTask({
  name: 'task_b',
  queue: 'queue_b',
  args: Type.Object({ text: Type.String(), ...common }),
});

export const handlers = [
  handle(taskA, async ({ numbers, ms = 100, failures = 0 }, { attempt, signal }) => {
    await pause(ms, undefined, { signal });
    if (attempt <= failures) throw new Error(`attempt ${attempt} fails, as it was asked to`);
    return { sum: numbers.reduce((sum, number) => sum + number, 0) };
  }),
  handle(taskB, async ({ text, ms = 200, failures = 0 }, { attempt, signal }) => {
    await pause(ms, undefined, { signal });
    if (attempt <= failures) throw new Error(`attempt ${attempt} fails, as it was asked to`);
    return { words: text.split(/\s+/).filter((word) => word !== '').length };
  }),
];

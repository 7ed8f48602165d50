/** Milliseconds that a queue without work is left alone while others have some. */
const dryMs = 20;

/** In which order a worker looks at its queues. */
export interface Turns {
  /** For one round: those that may have work first. `dry`: to be looked at only where nothing was found before. */
  next(): { queue: string; dry: boolean }[];
  /** What a look at a queue came to. */
  found(queue: string, jobs: number): void;
  /** There may be work in this queue; null: in any. */
  expect(queue: string | null): void;
}

/** Each queue is the first in its turn: one that is never empty does not keep the others waiting. */
export function takeTurns(queues: readonly string[]): Turns {
  let turn = 0;
  /** When each queue was found empty. */
  const empty = new Map<string, number>();
  return {
    next: () => {
      turn = (turn + 1) % queues.length;
      const since = performance.now() - dryMs;
      const order = [...queues.slice(turn), ...queues.slice(0, turn)].map((queue) => ({
        queue,
        dry: (empty.get(queue) ?? Number.NEGATIVE_INFINITY) > since,
      }));
      return [...order.filter(({ dry }) => !dry), ...order.filter(({ dry }) => dry)];
    },
    found: (queue, jobs) => {
      if (jobs > 0) empty.delete(queue);
      else empty.set(queue, performance.now());
    },
    expect: (queue) => {
      if (queue === null) empty.clear();
      else empty.delete(queue);
    },
  };
}

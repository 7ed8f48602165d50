import { commonErrors } from '@labwright/kernel/errors';

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * So many at once, first come first served, and so many in line; beyond that `overloaded` (503). Whoever waits here holds no
 * connection to the database: a crowd that signs in leaves those to everybody else.
 */
export function inTurn({ atOnce, line }: { atOnce: number; line: number }): InTurn {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= line)
        throw commonErrors.problem(
          'overloaded',
          'Too many people sign in at this moment; nothing was done. Try again.',
          { retryAfter: 2 },
        );
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Who comes next takes the place over.
      if (next) next();
      else running -= 1;
    }
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { commonErrors } from '@labwright/kernel/errors';

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export interface TurnOptions {
  atOnce: number;
  /** Longest line. */
  line: number;
  /** Begun a second, in the long run. */
  perSecond: number;
  /** Begun without regard to that, after a while in which nobody came. */
  burst: number;
  /** Milliseconds of a clock that is never put back. */
  now?: () => number;
  pause?: (ms: number) => Promise<unknown>;
}

/**
 * So many at once and so many a second, first come first served, and so many in line; beyond that `overloaded` (503). Whoever waits here holds no
 * connection to the database, and what each one costs is spread over time: a crowd that signs in leaves both to everybody else.
 */
export function inTurn(options: TurnOptions): InTurn {
  const { atOnce, line, perSecond, burst, now = () => performance.now(), pause = sleep } = options;
  const eachMs = 1_000 / perSecond;
  let running = 0;
  /** When the next one would begin if there were no burst. */
  let next = Number.NEGATIVE_INFINITY;
  const waiting: (() => void)[] = [];
  const waitMs = () => {
    const at = now();
    next = Math.max(next, at) + eachMs;
    return next - burst * eachMs - at;
  };
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= line)
        throw commonErrors.problem(
          'overloaded',
          'Too many people sign in at this moment; nothing was done. Try again.',
          { retryAfter: Math.max(2, Math.ceil(line / perSecond / 2)) },
        );
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      const ms = waitMs();
      if (ms > 0) await pause(ms);
      return await work();
    } finally {
      const first = waiting.shift();
      // Who comes next takes the place over.
      if (first) first();
      else running -= 1;
    }
  };
}

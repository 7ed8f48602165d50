import type { Clock } from '@labwright/kernel/clock';

/**
 * What a store has refused needs not be asked again before the time that it named: until then nothing but a `forget` can turn it
 * into a yes. So a flood costs this process a look into a map. Kept for a second at most, so that a `forget` by another
 * process is heard of by then.
 */
export interface Refusals {
  note(key: string, refusal: { cost: number; waitUs: number; wholeUs: number; askedAt: number }): void;
  /** Undefined: ask the store. */
  known(key: string, cost: number): { waitUs: number; wholeUs: number } | undefined;
  forget(key: string): void;
}

const longestMs = 1_000;
const mostKeys = 10_000;

export function createRefusals(clock: Clock): Refusals {
  const refused = new Map<string, { cost: number; until: number; whole: number; trustedUntil: number }>();
  return {
    note: (key, { cost, waitUs, wholeUs, askedAt }) => {
      // From when it was asked: the store decided later than that, so this ends before the store's own time is over.
      const until = askedAt + waitUs / 1_000;
      const whole = askedAt + wholeUs / 1_000;
      refused.delete(key);
      refused.set(key, { cost, until, whole, trustedUntil: Math.min(until, askedAt + longestMs) });
      for (const [oldest] of refused) {
        if (refused.size <= mostKeys) break;
        refused.delete(oldest);
      }
    },
    known: (key, cost) => {
      const found = refused.get(key);
      if (!found) return undefined;
      const now = clock.now();
      if (now >= found.trustedUntil) {
        refused.delete(key);
        return undefined;
      }
      // A smaller request may still fit.
      if (cost < found.cost) return undefined;
      return { waitUs: (found.until - now) * 1_000, wholeUs: Math.max(0, found.whole - now) * 1_000 };
    },
    forget: (key) => {
      refused.delete(key);
    },
  };
}

import type { Clock } from '@labwright/kernel/clock';
import { checkChecks, type LimitStore, passed } from '../../store.ts';
import { judge, type State } from './judge.ts';

interface Kept extends State {
  /** Microsecond from which the state says nothing any more. */
  wholeAt: number;
}

const usualKeys = 100_000;

/**
 * Counts of this process alone. At most `keys` keys (100,000; some 20 MB): beyond that the one that was asked for longest ago is
 * forgotten, which gives it everything back.
 */
export function memoryLimits({
  clock,
  keys = usualKeys,
}: {
  clock: Clock;
  keys?: number;
}): LimitStore & { readonly size: number } {
  // In the order of the last decision that changed them: what is taken out and put in again stands at the end.
  const kept = new Map<string, Kept>();
  return {
    take: async (checks) => {
      checkChecks(checks);
      const now = Math.floor(clock.now() * 1_000);
      const judged = checks.map((check) => judge(check, kept.get(check.key), now));
      if (!passed(judged.map(({ standing }) => standing))) return judged.map(({ standing }) => standing);
      for (const [index, { key }] of checks.entries()) {
        const one = judged[index];
        if (!one) continue;
        kept.delete(key);
        kept.set(key, { ...one.next, wholeAt: now + one.charged.wholeUs });
      }
      for (const [oldest] of kept) {
        if (kept.size <= keys) break;
        kept.delete(oldest);
      }
      return judged.map(({ charged }) => charged);
    },
    forget: async (key) => {
      kept.delete(key);
    },
    sweep: async () => {
      const now = Math.floor(clock.now() * 1_000);
      let swept = 0;
      for (const [key, { wholeAt }] of kept)
        if (wholeAt <= now) {
          kept.delete(key);
          swept += 1;
        }
      return swept;
    },
    close: async () => {},
    get size() {
      return kept.size;
    },
  };
}

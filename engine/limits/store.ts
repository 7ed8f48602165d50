import type { Limit } from './limit.ts';

/** Asks for `cost` of what `limit` gives to `key`. */
export interface Check {
  /** 1 to 255 characters. */
  readonly key: string;
  readonly limit: Limit;
  /** 1 to `limit.most`. */
  readonly cost: number;
}

/** How it stands with one check, after what was taken. */
export interface Standing {
  /** Whole units that are left. */
  readonly remaining: number;
  /** Microseconds until `cost` can be had; 0 where this check does not stand in the way. */
  readonly waitUs: number;
  /** Microseconds until all of it is there again. */
  readonly wholeUs: number;
}

/**
 * Where the counts are kept. One exchange a decision, which happens as a whole: all checks pass and all are charged, or none is.
 */
export interface LimitStore {
  /** One to four checks of different keys; the standings are in their order. */
  take(checks: readonly Check[]): Promise<Standing[]>;
  /** Gives the key everything back. */
  forget(key: string): Promise<void>;
  /** Clears away what is whole again, and says how many; a store that does so by itself says 0. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** True where every check passed, and all were charged. */
export const passed = (standings: readonly Standing[]): boolean =>
  standings.every(({ waitUs }) => waitUs === 0);

/** Room for every request that counts for something at once: its principal, its address, and something of its own. */
const mostChecks = 4;

/** Programs ask for checks: one that cannot be is a mistake in the program, and is not a refusal. */
export function checkChecks(checks: readonly Check[]): void {
  if (checks.length < 1 || checks.length > mostChecks)
    throw new RangeError(`A decision has 1 to ${mostChecks} checks.`);
  if (new Set(checks.map(({ key }) => key)).size < checks.length)
    throw new RangeError('Two checks of one decision have the same key.');
  for (const { key, limit, cost } of checks) {
    if (key.length < 1 || key.length > 255) throw new RangeError('A key has 1 to 255 characters.');
    if (!Number.isInteger(cost) || cost < 1 || cost > limit.most)
      throw new RangeError(
        `The cost must be a whole number from 1 to ${limit.most}, which is all that there ever is.`,
      );
  }
}

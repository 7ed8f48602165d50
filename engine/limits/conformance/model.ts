import { type Limit, slices } from '../limit.ts';

/**
 * What a limit means, written down in another way than the stores have it: a bucket is a level that rises with time, a window is
 * a log of everything that was ever let in. Slow, exact, and in whole numbers.
 */
export interface Model {
  /** Whether it passes, and charges it if so. */
  take(asks: readonly { key: string; limit: Limit; cost: number }[], nowUs: number): boolean;
  /** Whole units that are left. */
  remaining(key: string, limit: Limit, nowUs: number): number;
  /** The moments at which something was let in, once for each unit. */
  admitted(key: string): readonly number[];
}

export function createModel(): Model {
  const levels = new Map<string, { level: bigint; at: number }>();
  const log = new Map<string, number[]>();

  /** In millionths of what one unit costs: `unitUs` of them are one unit, and each microsecond brings one. */
  const level = (key: string, { unitUs, most }: Limit, nowUs: number): bigint => {
    const full = BigInt(most) * BigInt(unitUs);
    const known = levels.get(key) ?? { level: full, at: nowUs };
    const risen = known.level + BigInt(Math.max(0, nowUs - known.at));
    return risen < full ? risen : full;
  };
  /** All that stands in the slice of `now` and in the `slices` before it. */
  const inWindow = (key: string, { unitUs }: Limit, nowUs: number): number => {
    const oldest = Math.floor(nowUs / unitUs) - slices;
    return (log.get(key) ?? []).filter((at) => Math.floor(at / unitUs) >= oldest).length;
  };
  const left = (key: string, limit: Limit, nowUs: number): number =>
    limit.kind === 'bucket'
      ? Number(level(key, limit, nowUs) / BigInt(limit.unitUs))
      : limit.most - inWindow(key, limit, nowUs);

  return {
    take: (asks, nowUs) => {
      if (asks.some(({ key, limit, cost }) => left(key, limit, nowUs) < cost)) return false;
      for (const { key, limit, cost } of asks) {
        if (limit.kind === 'bucket')
          levels.set(key, {
            level: level(key, limit, nowUs) - BigInt(cost) * BigInt(limit.unitUs),
            at: nowUs,
          });
        log.set(key, [...(log.get(key) ?? []), ...Array.from({ length: cost }, () => nowUs)]);
      }
      return true;
    },
    remaining: left,
    admitted: (key) => log.get(key) ?? [],
  };
}

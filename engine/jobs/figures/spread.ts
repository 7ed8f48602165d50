/** Seconds; a duration belongs behind the last bound that it has reached. As `width_bucket` of PostgreSQL counts. */
export const spreadBounds: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1_800, 3_600,
  7_200,
];

/** How many durations lie between two bounds, from 0 up. */
export type Spread = number[];

export const emptySpread = (): Spread => new Array<number>(spreadBounds.length + 1).fill(0);

export const placeOf = (seconds: number): number => {
  const place = spreadBounds.findIndex((bound) => seconds < bound);
  return place === -1 ? spreadBounds.length : place;
};

/**
 * Seconds below which this part of them lies (0 to 1), as if each was spread evenly between its bounds; null where there are none. What lies
 * above the last bound counts as that.
 */
export function quantile(spread: readonly number[], part: number): number | null {
  const all = spread.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  let left = part * all;
  for (const [place, count] of spread.entries()) {
    if (count === 0 || left > count) {
      left -= count;
      continue;
    }
    const from = spreadBounds[place - 1] ?? 0;
    const to = spreadBounds[place] ?? from;
    return from + ((to - from) * left) / count;
  }
  return spreadBounds.at(-1) ?? null;
}

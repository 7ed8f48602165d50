/** The middle value; the mean of the two middle ones where their number is even. Throws on no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of no values');
  return (lower + upper) / 2;
}

export interface Comparison {
  /** Median of the rounds. */
  ours: number;
  other: number;
  /** Median of what each round's ratio ours / other was: a slow moment of the machine hits both sides of a round. */
  ratio: number;
  /** The smallest and the largest ratio of a round. */
  spread: readonly [number, number];
}

/** Compares two lists of figures, round by round. Throws where their lengths differ. */
export function compare(ours: readonly number[], other: readonly number[]): Comparison {
  if (ours.length !== other.length) throw new Error('Rounds of different number cannot be compared');
  const ratios = ours.map((figure, round) => figure / (other[round] ?? Number.NaN));
  return {
    ours: median(ours),
    other: median(other),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

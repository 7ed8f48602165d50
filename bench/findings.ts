import type { Comparison } from './stats.ts';

export type Unit = 'ms' | '/s' | 'MB' | 'rounds' | 'queries' | 'jobs';

/** One line of the table: what was measured, beside what, and whether it is as it should be. */
export interface Finding {
  scenario: string;
  what: string;
  unit: Unit;
  ours: number;
  /** What was measured in the same run, in turns with ours. */
  beside: { what: string; value: number } | null;
  /** Median of the rounds' ratios ours / beside, and the smallest and the largest. */
  ratio: number | null;
  spread: readonly [number, number] | null;
  target: { text: string; holds: boolean } | null;
}

/** A limit for the ratio: at most for times, at least for rates. */
export type RatioLimit = { atMost: number } | { atLeast: number };

/** A finding that compares two sides round by round. Without a limit it is there to be read, not to be held. */
export function compared(
  finding: Pick<Finding, 'scenario' | 'what' | 'unit'> & { beside: string },
  comparison: Comparison,
  limit?: RatioLimit,
): Finding {
  return {
    ...finding,
    ours: comparison.ours,
    beside: { what: finding.beside, value: comparison.other },
    ratio: comparison.ratio,
    spread: comparison.spread,
    target: limit ? ratioTarget(limit, comparison.ratio) : null,
  };
}

function ratioTarget(limit: RatioLimit, ratio: number): { text: string; holds: boolean } {
  return 'atMost' in limit
    ? { text: `ratio ≤ ${limit.atMost}`, holds: ratio <= limit.atMost }
    : { text: `ratio ≥ ${limit.atLeast}`, holds: ratio >= limit.atLeast };
}

/** A finding that stands for itself. */
export function figure(
  finding: Pick<Finding, 'scenario' | 'what' | 'unit' | 'ours'>,
  target: Finding['target'] = null,
): Finding {
  return { ...finding, beside: null, ratio: null, spread: null, target };
}

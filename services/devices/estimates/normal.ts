/** The share of a standard normal distribution below z. Abramowitz and Stegun 7.1.26: within 1.5e-7. */
export function normalShare(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = (1 - poly * Math.exp(-x * x)) / 2;
  return z < 0 ? 0.5 - half : 0.5 + half;
}

/** The z below which this share lies; 0 < share < 1. By bisection: it is asked seldom, and needs three digits. */
export function normalQuantile(share: number): number {
  let low = -8;
  let high = 8;
  while (high - low > 1e-5) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How many standard deviations the 90th percentile lies above the median. */
export const z90 = 1.2815515655;

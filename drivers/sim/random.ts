import { createHash } from 'node:crypto';

/** Chance that can be repeated: the same seed gives the same numbers on every machine. */
export interface Random {
  /** From 0 to 1, without 1. */
  next(): number;
  between(low: number, high: number): number;
  /** Of a normal distribution (Box–Muller). */
  normal(mean: number, deviation: number): number;
}

export function seededRandom(...seed: (string | number)[]): Random {
  const text = JSON.stringify(seed);
  let block = Buffer.alloc(0);
  let blocks = 0;
  const next = (): number => {
    if (block.length === 0) {
      block = createHash('sha256').update(`${text}#${blocks}`).digest();
      blocks += 1;
    }
    const value = block.readUInt32BE(0) / 2 ** 32;
    block = block.subarray(4);
    return value;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** To the nearest multiple of `step`, without the digits that binary fractions leave behind. */
export function roundTo(value: number, step: number): number {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  return Number((Math.round(value / step) * step).toFixed(digits));
}

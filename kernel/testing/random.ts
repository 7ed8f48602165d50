import { randomInt } from 'node:crypto';

/**
 * Random numbers in [0, 1) that can be had again: the seed is printed, and `SEED=…` sets it (mulberry32).
 */
export function seededRandom(name: string): { next(): number; below(n: number): number; seed: number } {
  const seed = Number(process.env.SEED) || randomInt(1, 2 ** 31);
  process.stdout.write(`# ${name}: SEED=${seed}\n`);
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (n) => Math.floor(next() * n), seed };
}

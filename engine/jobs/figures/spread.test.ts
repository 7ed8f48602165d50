import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySpread, placeOf, quantile, spreadBounds } from './spread.ts';

test('a quantile lies between the bounds of what it counts, and rises with its part', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  for (let round = 0; round < 200; round += 1) {
    const spread = emptySpread();
    const seconds = Array.from(
      { length: 1 + Math.floor(random() * 300) },
      () => 10 ** (random() * 7 - 4),
    ).sort((a, b) => a - b);
    for (const one of seconds) spread[placeOf(one)] = (spread[placeOf(one)] ?? 0) + 1;
    let before = 0;
    for (const part of [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1]) {
      const told = quantile(spread, part);
      assert.ok(told !== null && told >= before, `seed ${seed}`);
      before = told;
      // The true one lies between the same two bounds.
      const exact = seconds[Math.max(0, Math.ceil(part * seconds.length) - 1)] ?? 0;
      const place = placeOf(exact);
      assert.ok(told >= (spreadBounds[place - 1] ?? 0) - 1e-9, `seed ${seed}: ${told} for ${exact}`);
      assert.ok(
        told <= (spreadBounds[place] ?? spreadBounds.at(-1) ?? 0) + 1e-9,
        `seed ${seed}: ${told} for ${exact}`,
      );
    }
  }
  assert.equal(quantile(emptySpread(), 0.5), null);
});

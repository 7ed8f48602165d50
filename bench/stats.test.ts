import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, median } from './stats.ts';

test('the median is the middle value, or the mean of the two middle ones', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([10, 1, 2, 3]), 2.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), /no values/);
});

test('the ratio is the median of the rounds, not the ratio of the medians', () => {
  // One slow moment that hits both sides of a round leaves the ratio as it is.
  const comparison = compare([2, 20, 3], [1, 10, 1]);
  assert.deepEqual(comparison, { ours: 3, other: 1, ratio: 2, spread: [2, 3] });
  assert.throws(() => compare([1], [1, 2]), /different number/);
});

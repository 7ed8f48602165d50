import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latency, niceTop, rate } from './nice.ts';

test('an axis ends at or above what is to be shown, and not far above', () => {
  for (let power = -6; power < 8; power += 0.137) {
    const value = 10 ** power;
    const top = niceTop(value);
    assert.ok(top >= value * (1 - 1e-9) && top <= value * 2.5 + 1e-9, `${value} → ${top}`);
  }
  assert.deepEqual([niceTop(0), niceTop(1), niceTop(20), niceTop(21)], [1, 1, 20, 50]);
});

test('rates and latencies in the unit in which they are read', () => {
  assert.deepEqual([0, 0.01, 0.5, 14, 3_140].map(rate), ['0/s', '0.6/min', '0.5/s', '14/s', '3.1k/s']);
  assert.deepEqual([0.003, 1.25, 240, 7_300].map(latency), ['3 ms', '1.3 s', '4 min', '2 h']);
});

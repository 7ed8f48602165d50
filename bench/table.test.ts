import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compared, figure } from './findings.ts';
import { digits, table } from './table.ts';

test('figures have three significant digits and no fraction above a hundred', () => {
  assert.deepEqual([0.012345, 1.2345, 99.96, 123.4, 1_234.5, 45_678.9].map(digits), [
    '0.0123',
    '1.23',
    '100',
    '123',
    '1,235',
    '45,679',
  ]);
});

test('a comparison shows both sides, the ratio with its spread, and whether the target holds', () => {
  const comparison = { ours: 2, other: 1.6, ratio: 1.25, spread: [1.1, 1.4] as const };
  const about = { scenario: 'x', what: 'a thing', unit: 'ms', beside: 'bare' } as const;
  const lines = table([
    compared(about, comparison, { atMost: 1.2 }),
    compared(about, comparison, { atLeast: 1.2 }),
    compared(about, comparison),
    figure({ scenario: 'x', what: 'alone', unit: '/s', ours: 5 }, { text: '5', holds: true }),
  ])
    .split('\n')
    .slice(2);
  assert.deepEqual(lines, [
    '| `x` | a thing | 2 ms | 1.6 ms bare | **1.25** (1.1 – 1.4) | ratio ≤ 1.2 | **no** |',
    '| `x` | a thing | 2 ms | 1.6 ms bare | **1.25** (1.1 – 1.4) | ratio ≥ 1.2 | yes |',
    '| `x` | a thing | 2 ms | 1.6 ms bare | **1.25** (1.1 – 1.4) | – | – |',
    '| `x` | alone | 5/s | – | – | 5 | yes |',
  ]);
});

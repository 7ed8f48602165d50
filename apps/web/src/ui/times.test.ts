import assert from 'node:assert/strict';
import { test } from 'node:test';
import { about, duration, relativeTime, took } from './times.ts';

test('a duration has two parts at most, and none that says nothing', () => {
  const said = [0, 0.4, 3, 59.6, 60, 250, 3_600, 7_500, 86_400, 275_000].map(duration);
  assert.deepEqual(said, [
    '0 s',
    '0 s',
    '3 s',
    '1 min',
    '1 min',
    '4 min 10 s',
    '1 h',
    '2 h 5 min',
    '1 d',
    '3 d 4 h',
  ]);
});

test('an estimate says no more than can be known', () => {
  const said = [0, 40, 599, 600, 2_576, 3_900, 35_990, 36_500, 90_000].map(about);
  assert.deepEqual(said, [
    '0 s',
    '40 s',
    '9 min 59 s',
    '10 min',
    '43 min',
    '1 h 5 min',
    '10 h',
    '10 h',
    '1 d 1 h',
  ]);
});

test('a moment is told from now, before and after', () => {
  const now = Date.UTC(2026, 0, 1);
  const said = [-172_800, -7_200, -300, -30, 0, 9, 90, 7_200].map((s) => relativeTime(now + s * 1_000, now));
  assert.deepEqual(said, [
    '2 d ago',
    '2 h ago',
    '5 min ago',
    '30 s ago',
    'just now',
    'just now',
    'in 2 min',
    'in 2 h',
  ]);
});

test('what was measured is told as exactly as anybody wants it', () => {
  assert.deepEqual([0.4, 350, 4_234, 5_000, 9_960, 40_000, 185_000].map(took), [
    '0 ms',
    '350 ms',
    '4.2 s',
    '5 s',
    '10 s',
    '40 s',
    '3 min 5 s',
  ]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, UsageError } from './command-line.ts';

test('a time that no timer can wait for is refused', () => {
  assert.equal(duration('--drain', '24d'), 24 * 86_400_000);
  assert.throws(() => duration('--drain', '25d'), UsageError);
  assert.throws(() => duration('--drain', '1000h'), /^UsageError: --drain takes at most 24d, not "1000h"\./);
});

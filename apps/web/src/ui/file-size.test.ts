import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeText } from './file-size.ts';

test('sizes, as people say them', () => {
  assert.deepEqual([0, 1_023, 1_536, 10 * 1024 ** 2, 2.25 * 1024 ** 3].map(sizeText), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '10 MiB',
    '2.3 GiB',
  ]);
});

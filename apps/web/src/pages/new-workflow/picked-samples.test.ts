import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dismissed,
  mostSamples,
  type Picked,
  readRefused,
  withChecked,
  withNotChecked,
} from './picked-samples.ts';

const none: Picked = { barcodes: [], refused: [] };
const answer = (valid: string[], invalid: string[] = [], similar: [string, string][] = []) => ({
  valid_barcodes: valid,
  invalid_barcodes: invalid,
  similar_barcodes: similar.map(([given, known]) => ({ given, known })),
});
const scanned = { scanned: true };

test('a refused barcode stays through the next scans, with its reason, until it is dismissed', () => {
  const first = withChecked(none, answer([], ['x-1'], [['x-1', 'X-1']]), scanned);
  const second = withChecked(first, answer(['S-1']), scanned);
  const third = withChecked(second, answer(['S-1']), scanned);
  const fourth = withNotChecked(third, ['S-2'], 'away');
  assert.deepEqual(fourth.barcodes, ['S-1']);
  assert.deepEqual(fourth.refused, [
    { barcode: 'S-2', reason: 'not_checked', because: 'away' },
    { barcode: 'S-1', reason: 'twice' },
    { barcode: 'x-1', reason: 'unknown', known: 'X-1' },
  ]);
  assert.deepEqual(readRefused(JSON.parse(JSON.stringify(fourth.refused))), fourth.refused);
  assert.deepEqual(
    dismissed(fourth, 'S-1').refused.map(({ barcode }) => barcode),
    ['S-2', 'x-1'],
  );
});

test('scanned again it is told of once; found later it is refused no longer', () => {
  const refused = withChecked(withChecked(none, answer([], ['a', 'b']), scanned), answer([], ['b']), scanned);
  assert.deepEqual(
    refused.refused.map(({ barcode }) => barcode),
    ['b', 'a'],
  );
  const found = withChecked(refused, answer(['a']), scanned);
  assert.deepEqual(found.barcodes, ['a']);
  assert.deepEqual(
    found.refused.map(({ barcode }) => barcode),
    ['b'],
  );
});

test('what a file has twice is no news, and no more are taken than a workflow has room for', () => {
  const file = withChecked({ ...none, barcodes: ['a'] }, answer(['a', 'b']), { scanned: false });
  assert.deepEqual(file, { barcodes: ['a', 'b'], refused: [] });
  const full: Picked = { barcodes: Array.from({ length: mostSamples }, (_, n) => `s${n}`), refused: [] };
  const more = withChecked(full, answer(['z']), scanned);
  assert.equal(more.barcodes.length, mostSamples);
  assert.equal(more.refused[0]?.barcode, 'z');
});

test('what an older page kept is not taken for it', () => {
  for (const kept of [undefined, {}, [{ barcode: 1 }], [{ barcode: 'a', reason: 'other' }]])
    assert.equal(readRefused(kept), undefined);
});

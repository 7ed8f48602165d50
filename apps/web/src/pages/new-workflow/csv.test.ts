import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barcodesOf } from './csv.ts';

test('barcodes come from the column of that name, else from the first one', () => {
  assert.deepEqual(barcodesOf('\uFEFFplate,Barcode\r\nP1,S-1\r\nP1,"S-2"\r\nP2,S-1\r\n'), ['S-1', 'S-2']);
  assert.deepEqual(barcodesOf('S-1\nS-2\n\n'), ['S-1', 'S-2']);
  assert.deepEqual(barcodesOf(''), []);
});

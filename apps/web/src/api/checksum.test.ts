import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from './checksum.ts';

const bytes = randomBytes(300_001);
const expected = createHash('sha256').update(bytes).digest('hex');

test('the checksum of a file, where the browser has a hash function', async () => {
  assert.equal(await sha256(new Blob([bytes])), expected);
});

test('the same over plain http, where it has none', async (context) => {
  const { subtle: _none, ...rest } = globalThis.crypto;
  const before = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor;
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: rest });
  context.after(() => Object.defineProperty(globalThis, 'crypto', before));
  assert.equal(globalThis.crypto.subtle, undefined);
  assert.equal(await sha256(new Blob([bytes.subarray(0, 7), bytes.subarray(7)])), expected);
  assert.equal(await sha256(new Blob([])), createHash('sha256').digest('hex'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSearch, stringifySearch } from './search-text.ts';

test('what stands in an address comes back as it was, whatever it holds', () => {
  const search = { q: '00123', status: ['running', 'queued'], name: 'a&b=c ü', on: 'true' };
  assert.deepEqual(parseSearch(stringifySearch(search)), search);
});

test('an empty filter leaves no trace', () => {
  assert.equal(stringifySearch({ q: '', status: undefined }), '');
  assert.equal(stringifySearch({ q: 'x', status: '' }), '?q=x');
});

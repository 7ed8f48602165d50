import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, readable } from './changes.ts';

test('only what is different, by its path, on either side', () => {
  assert.deepEqual(
    changesOf(
      { status: 'busy', holder: { id: 'w1', since: 1 }, tags: ['a'], gone: true },
      { status: 'available', holder: { id: 'w1', since: 2 }, tags: ['a'], fresh: null },
    ),
    [
      { path: 'status', before: 'busy', after: 'available' },
      { path: 'holder.since', before: 1, after: 2 },
      { path: 'gone', before: true, after: undefined },
      { path: 'fresh', before: undefined, after: null },
    ],
  );
});

test('lists as a whole; a side that is none at all', () => {
  assert.deepEqual(changesOf([1, 2], [2, 1]), [{ path: '', before: [1, 2], after: [2, 1] }]);
  assert.deepEqual(changesOf(null, { a: 1 }), [{ path: '', before: null, after: { a: 1 } }]);
  assert.deepEqual(changesOf({ a: [1] }, { a: [1] }), []);
});

test('texts are read as they are', () => {
  assert.deepEqual([readable('x'), readable(undefined), readable({ a: 1 })], ['x', 'not there', '{"a":1}']);
});

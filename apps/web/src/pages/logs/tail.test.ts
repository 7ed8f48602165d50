import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withNewest } from './tail.ts';

const rows = (...ids: number[]) => ids.map((id) => ({ id: String(id), status: 'running' }));

test('what is new stands above, once, and what has changed is as it is now', () => {
  const newest = [...rows(6, 5), { id: '4', status: 'succeeded' }];
  const { logs, gap } = withNewest(rows(5, 4, 3), newest);
  assert.equal(gap, false);
  assert.deepEqual(
    logs.map(({ id, status }) => `${id} ${status}`),
    ['6 running', '5 running', '4 succeeded', '3 running'],
  );
});

test('more than a page came: the list stays, and says so', () => {
  assert.deepEqual(withNewest(rows(3, 2), rows(9, 8)), { logs: rows(3, 2), gap: true });
});

test('one of the two is empty', () => {
  assert.deepEqual(withNewest([], rows(2)), { logs: rows(2), gap: false });
  assert.deepEqual(withNewest(rows(2), []), { logs: rows(2), gap: false });
});

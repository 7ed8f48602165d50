import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tasksAsking } from './tasks-asking.ts';

const task = (id: string, more: object = {}) => ({
  id,
  title: `Task ${id}`,
  fields: [],
  device_id: null,
  workflow_id: null,
  ...more,
});

test('a scanned code leads to the task that expects it first, then to what names it', () => {
  const expecting = task('a', { fields: [{ type: 'barcode', name: 'p', label: 'P', expected: ['P-1'] }] });
  const naming = task('b', { title: 'Seal P-1, then store it' });
  const other = task('c', { title: 'Seal P-12' });
  assert.deepEqual(
    tasksAsking([other, naming, expecting], 'P-1').map(({ id }) => id),
    ['a', 'b'],
  );
});

test('a device leads to its one task; where it has several, a person chooses', () => {
  const one = task('a', { device_id: 'sealer-1' });
  const two = task('b', { device_id: 'sealer-1' });
  assert.deepEqual(tasksAsking([one, task('c')], 'sealer-1'), [one]);
  assert.deepEqual(tasksAsking([one, two], 'sealer-1'), []);
});

test('what a code has in it is no pattern', () => {
  assert.deepEqual(tasksAsking([task('a', { title: 'Look at PX1' })], 'P.1'), []);
  assert.deepEqual(tasksAsking([task('a')], '(['), []);
});

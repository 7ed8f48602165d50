import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inScope } from './scope.ts';

test('what was deferred is ended in reversed order, also where the work fails', async () => {
  const ended: number[] = [];
  const work = inScope(async (scope) => {
    scope.defer(() => ended.push(1));
    scope.defer(async () => ended.push(2));
    throw new Error('broken');
  });
  await assert.rejects(work, /broken/);
  assert.deepEqual(ended, [2, 1]);
});

test('an end that fails keeps no other from ending, and every fault is told', async () => {
  const ended: number[] = [];
  const work = inScope(async (scope) => {
    scope.defer(() => ended.push(1));
    scope.defer(() => {
      throw new Error('stuck');
    });
    throw new Error('broken');
  });
  await assert.rejects(
    work,
    (error: unknown) =>
      error instanceof AggregateError && error.errors.map(String).join() === 'Error: broken,Error: stuck',
  );
  assert.deepEqual(ended, [1]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock, systemClock } from '@labwright/kernel/clock';
import { testLimitStore } from '../../conformance/index.ts';
import { tokenBucket } from '../../limit.ts';
import { memoryLimits } from './index.ts';

testLimitStore('memory', async () => {
  // One process has one store; by a clock of its own it would be another one.
  let shared: ReturnType<typeof memoryLimits> | undefined;
  return {
    open: async (clock) => {
      if (!clock) return memoryLimits({ clock: systemClock });
      shared ??= memoryLimits({ clock });
      return shared;
    },
    size: async () => shared?.size ?? 0,
    close: async () => {},
  };
});

test('it keeps so many keys, and forgets first who was asked for longest ago', async () => {
  const clock = manualClock();
  const store = memoryLimits({ clock, keys: 3 });
  const limit = tokenBucket({ rate: 1, seconds: 3_600, burst: 2 });
  const left = async (key: string) => (await store.take([{ key, limit, cost: 1 }]))[0]?.remaining;
  for (const key of ['a', 'b', 'c', 'a', 'd']) await left(key);
  assert.equal(await left('b'), 1, 'b is new again');
  assert.equal(await left('d'), 0, 'd was kept');
});

test('what is whole again is swept', async () => {
  const clock = manualClock();
  const store = memoryLimits({ clock });
  const limit = tokenBucket({ rate: 1, seconds: 60 });
  await store.take([{ key: 'a', limit, cost: 1 }]);
  await clock.advance(59_999);
  assert.equal(await store.sweep(), 0);
  await clock.advance(1);
  assert.equal(await store.sweep(), 1);
});

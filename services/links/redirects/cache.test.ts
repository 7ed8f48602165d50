import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { seededRandom } from '@labwright/kernel/testing';
import { type CacheOptions, createCache } from './cache.ts';

function setUp(options: Partial<CacheOptions<string>> = {}) {
  const clock = manualClock();
  const store = new Map<string, string>();
  const loads: string[] = [];
  let gate: Promise<void> = Promise.resolve();
  const cache = createCache<string>({
    clock,
    foundMs: 1_000,
    missingMs: 100,
    mostFound: 3,
    mostMissing: 2,
    random: () => 0.5,
    load: async (key) => {
      loads.push(key);
      const value = store.get(key);
      await gate;
      return value;
    },
    ...options,
  });
  return { clock, store, loads, cache, hold: (until: Promise<void>) => (gate = until) };
}

test('as many as ask at once: one looks', async () => {
  const { cache, store, loads } = setUp();
  store.set('a', 'x');
  const found = await Promise.all(Array.from({ length: 100 }, () => cache.get('a')));
  assert.deepEqual(new Set(found), new Set(['x']));
  assert.deepEqual(loads, ['a']);
});

test('kept for its time, what is missing for less; each a little more or less than the others', async () => {
  const { cache, store, loads, clock } = setUp();
  store.set('a', 'x');
  await cache.get('a');
  assert.equal(await cache.get('b'), undefined);
  await clock.advance(99);
  await cache.get('b');
  assert.deepEqual(loads, ['a', 'b']);
  await clock.advance(1);
  await cache.get('b');
  await clock.advance(899);
  await cache.get('a');
  assert.deepEqual(loads, ['a', 'b', 'b']);
  await clock.advance(1);
  await cache.get('a');
  assert.deepEqual(loads, ['a', 'b', 'b', 'a']);

  const random = seededRandom('cache jitter');
  const many = setUp({ random: random.next, mostFound: 1_000 });
  for (let key = 0; key < 500; key += 1) many.store.set(String(key), 'x');
  for (const key of many.store.keys()) await many.cache.get(key);
  const looked = async () => {
    const before = many.loads.length;
    for (const key of many.store.keys()) await many.cache.get(key);
    return many.loads.length - before;
  };
  await many.clock.advance(849);
  assert.equal(await looked(), 0);
  await many.clock.advance(151);
  const half = await looked();
  assert.ok(half > 180 && half < 320, `${half} of 500 at once`);
});

test('what changes while it is looked up is not kept, and whoever asks after the change sees it', async () => {
  const { cache, store, loads, hold } = setUp();
  let open = () => {};
  hold(new Promise((resolve) => (open = () => resolve())));
  store.set('a', 'old');
  const early = cache.get('a');
  store.set('a', 'new');
  cache.drop('a');
  const late = cache.get('a');
  open();
  assert.deepEqual(await Promise.all([early, late]), ['old', 'new']);
  assert.equal(await cache.get('a'), 'new');
  assert.deepEqual(loads, ['a', 'a']);
  store.set('a', 'newest');
  cache.clear();
  assert.equal(await cache.get('a'), 'newest');
});

test('an error is everybody’s who waited for it, and is not kept', async () => {
  let fails = true;
  const { cache, store } = setUp({
    load: async () => {
      if (fails) throw new Error('away');
      return store.get('a');
    },
  });
  store.set('a', 'x');
  const asked = await Promise.allSettled([cache.get('a'), cache.get('a')]);
  assert.ok(asked.every(({ status }) => status === 'rejected'));
  fails = false;
  assert.equal(await cache.get('a'), 'x');
});

test('bounded: those asked for longest ago go first, and what is missing pushes out nothing that is there', async () => {
  const { cache, store, loads } = setUp();
  for (const key of ['a', 'b', 'c']) store.set(key, key);
  for (const key of ['a', 'b', 'c']) await cache.get(key);
  for (let guess = 0; guess < 100; guess += 1) await cache.get(`guess ${guess}`);
  assert.equal(cache.size, 5);
  loads.length = 0;
  for (const key of ['a', 'b', 'c']) await cache.get(key);
  assert.deepEqual(loads, []);
  await cache.get('a');
  store.set('d', 'd');
  await cache.get('d');
  await cache.get('a');
  await cache.get('b');
  assert.deepEqual(loads, ['d', 'b']);
});

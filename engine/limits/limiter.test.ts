import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { silentLog } from '@labwright/kernel/log';
import { tokenBucket } from './limit.ts';
import { createLimiter, type LimiterOptions } from './limiter.ts';
import type { LimitStore } from './store.ts';
import { memoryLimits } from './stores/memory/index.ts';

const limit = tokenBucket({ rate: 1, seconds: 10, burst: 2 });

/** A store that fails or falls silent when it is told to, and counts how often it is asked. */
function setUp(options: Partial<LimiterOptions> = {}) {
  const clock = manualClock();
  const store = memoryLimits({ clock });
  const state = { mode: 'fine' as 'fine' | 'failing' | 'silent', asked: 0 };
  const faulty: LimitStore = {
    ...store,
    take: async (checks) => {
      state.asked += 1;
      if (state.mode === 'failing') throw new Error('no connection');
      if (state.mode === 'silent') await new Promise(() => {});
      return store.take(checks);
    },
  };
  const limiter = createLimiter({
    store: faulty,
    clock,
    log: silentLog,
    whenDown: 'open',
    timeoutMs: 30,
    ...options,
  });
  const ask = (key = 'a', cost = 1) => limiter.take([{ key, limit, cost }]);
  return { clock, state, limiter, ask };
}

test('what was refused is refused again without asking, until it can pass; at most for a second', async () => {
  const { clock, state, ask, limiter } = setUp();
  assert.equal((await ask('a', 2)).outcome, 'allowed');
  const first = await ask();
  assert.deepEqual([first.outcome, first.standings[0]?.waitUs], ['refused', 10_000_000]);
  assert.equal(state.asked, 2);
  await clock.advance(999);
  const again = await ask();
  assert.deepEqual([again.outcome, again.standings[0]?.waitUs], ['refused', 9_001_000]);
  assert.equal(limiter.refusedLately('a')?.waitUs, 9_001_000);
  assert.equal(limiter.refusedLately('b'), undefined);
  assert.equal(state.asked, 2);
  await clock.advance(1);
  assert.equal(limiter.refusedLately('a'), undefined);
  assert.equal((await ask()).outcome, 'refused');
  assert.equal(state.asked, 3);
  await clock.advance(9_000);
  assert.equal((await ask()).outcome, 'allowed');
});

test('a refusal ends with its own time where that is sooner, and a smaller request may still pass', async () => {
  const { clock, state, ask } = setUp();
  await ask();
  assert.equal((await ask('a', 2)).outcome, 'refused');
  assert.equal((await ask('a', 1)).outcome, 'allowed');
  await clock.advance(9_500);
  assert.equal((await ask()).outcome, 'refused');
  await clock.advance(500);
  assert.equal((await ask()).outcome, 'allowed');
  assert.equal(state.asked, 5);
});

test('what is forgotten passes at once', async () => {
  const { ask, limiter } = setUp();
  await ask('a', 2);
  assert.equal((await ask()).outcome, 'refused');
  await limiter.forget('a');
  assert.equal((await ask()).outcome, 'allowed');
});

for (const whenDown of ['open', 'closed'] as const)
  test(`${whenDown}: a store that fails is left alone after three times, tried once a second, and taken back`, async () => {
    const { clock, state, ask, limiter } = setUp({ whenDown });
    const goOn = whenDown === 'open';
    state.mode = 'failing';
    for (let turn = 0; turn < 10; turn += 1) {
      const { outcome, goOn: goes } = await ask();
      assert.deepEqual([outcome, goes], ['down', goOn]);
    }
    assert.equal(state.asked, 3);
    assert.ok(!limiter.up);
    await clock.advance(1_000);
    const tries = await Promise.all([ask(), ask(), ask()]);
    assert.ok(tries.every(({ outcome }) => outcome === 'down'));
    assert.equal(state.asked, 4, 'only one of them tries');
    state.mode = 'fine';
    assert.equal((await ask()).outcome, 'down');
    await clock.advance(1_000);
    assert.equal((await ask()).outcome, 'allowed');
    assert.ok(limiter.up);
    assert.equal((await ask()).outcome, 'allowed');
  });

test('a store that is silent costs its time-out, three times, and then nothing', async () => {
  const { state, ask } = setUp({ timeoutMs: 50 });
  state.mode = 'silent';
  const begun = performance.now();
  for (let turn = 0; turn < 20; turn += 1) assert.equal((await ask()).outcome, 'down');
  const took = performance.now() - begun;
  assert.equal(state.asked, 3);
  assert.ok(took >= 145 && took < 5_000, `${took} ms`);
});

test('a check that cannot be is a fault of the program, not of the store', async () => {
  const { ask, limiter } = setUp();
  for (let turn = 0; turn < 5; turn += 1) await assert.rejects(ask('a', 3), RangeError);
  assert.ok(limiter.up);
});

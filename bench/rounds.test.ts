import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave, interleaveCalls, perSecond } from './rounds.ts';

test('sides take turns in changing order, and the first round is not counted', async () => {
  const order: string[] = [];
  const side = (name: string) => async (round: number) => {
    order.push(`${name}${round}`);
    return round;
  };
  const { signal } = new AbortController();
  const figures = await interleave({ a: side('a'), b: side('b') }, { rounds: 2, signal });
  assert.deepEqual(order, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  assert.deepEqual(figures, { a: [1, 2], b: [1, 2] });
});

test('calls take turns one by one, and a round counts as the median of its calls', async () => {
  const order: string[] = [];
  const side = (name: string, factor: number) => async (call: number) => {
    order.push(`${name}${call}`);
    return call * factor;
  };
  const { signal } = new AbortController();
  const sides = { a: side('a', 1), b: side('b', 10) };
  const figures = await interleaveCalls(sides, { rounds: 1, callsARound: 3, signal });
  assert.deepEqual(order.slice(0, 6), ['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  // The calls 3, 4 and 5: the first round warmed up.
  assert.deepEqual(figures, { a: [4], b: [40] });
});

test('an aborted comparison ends before its next turn', async () => {
  const stop = new AbortController();
  const turns: string[] = [];
  const sides = {
    a: async () => {
      stop.abort(new Error('enough'));
      return turns.push('a');
    },
    b: async () => turns.push('b'),
  };
  await assert.rejects(interleave(sides, { rounds: 5, signal: stop.signal }), /enough/);
  assert.deepEqual(turns, ['a']);
});

test('every item is done once, with no more at once than allowed', async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await perSecond([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    done.push(item);
  });
  assert.deepEqual(done.sort(), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(most, 3);
});

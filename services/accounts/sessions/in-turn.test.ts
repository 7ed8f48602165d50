import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '@labwright/kernel/errors';
import { inTurn } from './in-turn.ts';

test('so many at once, in the order of their coming; a place is free again after a failure', async () => {
  const turn = inTurn({ atOnce: 2, line: 2, perSecond: 1, burst: 5 });
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const all = gates.map(({ promise }, number) =>
    turn(async () => {
      begun.push(number);
      await promise;
      return number;
    }),
  );
  const results = Promise.allSettled(all);
  await assert.rejects(
    turn(async () => {}),
    (error) => isProblem(error, 'overloaded'),
  );
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.reject(new Error('no'));
  await assert.rejects(all[1] as Promise<number>, /no/);
  assert.deepEqual(begun, [0, 1, 2]);
  gates[0]?.resolve();
  await all[0];
  assert.deepEqual(begun, [0, 1, 2, 3]);
  gates[2]?.resolve();
  gates[3]?.resolve();
  assert.deepEqual(
    (await results).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal(await turn(async () => 'free'), 'free');
});

test('a burst begins at once, the others spread over time; who comes later finds the burst again', async () => {
  let ms = 0;
  const pauses: number[] = [];
  const turn = inTurn({
    atOnce: 1,
    line: 10,
    perSecond: 4,
    burst: 3,
    now: () => ms,
    pause: async (wait) => {
      pauses.push(wait);
      ms += wait;
    },
  });
  const begun: number[] = [];
  const crowd = (count: number) =>
    Promise.all(Array.from({ length: count }, () => turn(async () => begun.push(ms))));
  await crowd(6);
  assert.deepEqual(begun, [0, 0, 0, 250, 500, 750]);
  ms += 60_000;
  await crowd(4);
  assert.deepEqual(begun.slice(6), [60_750, 60_750, 60_750, 61_000]);
  assert.deepEqual(pauses, [250, 250, 250, 250]);
});

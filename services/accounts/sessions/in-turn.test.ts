import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '@labwright/kernel/errors';
import { inTurn } from './in-turn.ts';

test('so many at once, in the order of their coming; a place is free again after a failure', async () => {
  const turn = inTurn({ atOnce: 2, line: 2 });
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

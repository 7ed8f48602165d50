import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeTurns } from './turns.ts';

const names = (turns: ReturnType<typeof takeTurns>) => turns.next().map(({ queue }) => queue);

test('each queue is the first in its turn', () => {
  const turns = takeTurns(['a', 'b', 'c']);
  const firsts = [names(turns)[0], names(turns)[0], names(turns)[0]];
  assert.deepEqual(firsts.toSorted(), ['a', 'b', 'c']);
});

test('a queue without work comes last for a while, and first again where work is expected', () => {
  const turns = takeTurns(['a', 'b', 'c']);
  for (const queue of ['a', 'b']) turns.found(queue, 0);
  turns.found('c', 1);
  for (let round = 0; round < 3; round += 1) assert.equal(names(turns)[0], 'c');
  assert.deepEqual(
    turns.next().map(({ dry }) => dry),
    [false, true, true],
  );
  turns.expect('a');
  assert.deepEqual(
    turns
      .next()
      .filter(({ dry }) => !dry)
      .map(({ queue }) => queue)
      .toSorted(),
    ['a', 'c'],
  );
  turns.expect(null);
  assert.ok(turns.next().every(({ dry }) => !dry));
});

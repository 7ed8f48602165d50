import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './keyed.ts';

const ms = 1e6;
const deed = (key: string, place: number, began: number, ended: number) => ({
  key,
  place,
  began: began * ms,
  ended: ended * ms,
});

test('one after the other, in order: nothing to complain of', () => {
  const deeds = [deed('a', 1, 10, 20), deed('b', 0, 5, 15), deed('a', 0, 0, 10), deed('b', 1, 15, 25)];
  assert.deepEqual(judge(deeds), { rate: 160, overlaps: 0, outOfOrder: 0, twice: 0 });
});

test('what runs beside another of its key, too early or twice is counted', () => {
  assert.equal(judge([deed('a', 0, 0, 10), deed('a', 1, 9, 19)]).overlaps, 1);
  // The long one lies over both.
  assert.equal(judge([deed('a', 0, 0, 50), deed('a', 1, 5, 10), deed('a', 2, 20, 30)]).overlaps, 2);
  assert.equal(judge([deed('a', 1, 0, 10), deed('a', 0, 10, 20), deed('a', 2, 20, 30)]).outOfOrder, 1);
  assert.equal(judge([deed('a', 0, 0, 10), deed('a', 0, 10, 20)]).twice, 1);
});

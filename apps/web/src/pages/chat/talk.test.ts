import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatMessage } from '@labwright/contract-hub/chat';
import { handleOf, type Known, mayDelete, mayEdit, newestChange, partsOf, putIn, shown } from './talk.ts';

const message = (seq: number, change = seq, text = `text ${seq}`): ChatMessage => ({
  id: `m-${seq}`,
  room: 'lab',
  seq,
  change,
  author_id: 'ada',
  author_name: 'Ada',
  text,
  mentions: [],
  created_at: '2026-01-01T00:00:00Z',
  edited_at: null,
  deleted_at: null,
});

test('in whatever order pages and changes come, and however often: each message once, in its place, as it is newest', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  for (let round = 0; round < 200; round += 1) {
    const count = 1 + random(20);
    const newest = new Map<number, ChatMessage>();
    const history: ChatMessage[] = [];
    for (let change = 1; change <= count * 2; change += 1) {
      const seq =
        newest.size < count && random(2) === 0 ? newest.size + 1 : 1 + random(Math.max(1, newest.size));
      const made = message(seq, change, `change ${change}`);
      newest.set(seq, made);
      history.push(made);
    }
    let known: Known = new Map();
    const left = [...history, ...history.slice(0, random(history.length))];
    while (left.length > 0) known = putIn(known, left.splice(random(left.length), 1 + random(3)));
    const floor = 1 + random(count);
    assert.deepEqual(
      shown(known, floor),
      [...newest.values()].filter(({ seq }) => seq >= floor).sort((a, b) => a.seq - b.seq),
      `seed ${seed}`,
    );
  }
});

test('the talk goes on from the newest change of the page', () => {
  assert.equal(newestChange([message(3, 9), message(4)]), 9);
  assert.equal(newestChange([]), 0);
});

test('names in a text stand apart; an address is none', () => {
  assert.deepEqual(partsOf('Hi @ada.lovelace, ask x@y.example.'), [
    { text: 'Hi ', mention: false },
    { text: '@ada.lovelace', mention: true },
    { text: ', ask x@y.example.', mention: false },
  ]);
  assert.equal(handleOf('Ada  Lovelace'), '@ada.lovelace');
});

test('edited for 15 minutes, deleted for a day, by an administrator always', () => {
  const made = message(1);
  const at = (minutes: number) => Date.parse(made.created_at) + minutes * 60_000;
  assert.deepEqual(
    [mayEdit(made, 'ada', at(14)), mayEdit(made, 'ada', at(16)), mayEdit(made, 'bob', at(1))],
    [true, false, false],
  );
  assert.equal(mayDelete(made, 'ada', false, at(60)), true);
  assert.equal(mayDelete(made, 'ada', false, at(1_500)), false);
  assert.equal(mayDelete(made, 'bob', true, at(1_500)), true);
});

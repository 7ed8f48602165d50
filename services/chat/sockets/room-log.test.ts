import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChangesFrame, type ChatMessage, changesPage } from '@labwright/contract-hub/chat';
import { silentLog } from '@labwright/kernel/log';
import { eventually, seededRandom } from '@labwright/kernel/testing';
import { createRoomLog } from './room-log.ts';

const message = (change: number): ChatMessage => ({
  id: `m${change}`,
  room: 'lab',
  seq: change,
  change,
  author_id: 'a',
  author_name: 'A',
  text: '',
  mentions: [],
  created_at: '',
  edited_at: null,
  deleted_at: null,
});

/** A room whose table holds changes 1 … `committed()`; `gone` of them were replaced by later ones. */
function open(options: { committed: () => number; gone?: Set<number>; position?: number; gapMs?: number }) {
  const frames: ChangesFrame[] = [];
  let reads = 0;
  let failing = false;
  const log = createRoomLog({
    room: 'lab',
    position: options.position ?? 0,
    log: silentLog,
    gapMs: options.gapMs ?? 1,
    read: async (after) => {
      reads += 1;
      if (failing) throw new Error('no database');
      await new Promise((resolve) => setImmediate(resolve));
      const messages: ChatMessage[] = [];
      for (let n = after + 1; n <= options.committed() && messages.length < changesPage; n += 1)
        if (!options.gone?.has(n)) messages.push(message(n));
      return { messages, to: messages.at(-1)?.change ?? after, more: messages.length === changesPage };
    },
    handOn: (frame) => void frames.push(frame),
  });
  return {
    log,
    frames,
    reads: () => reads,
    fail: (now: boolean) => {
      failing = now;
    },
    handed: () => frames.flatMap(({ messages }) => messages.map(({ change }) => change)),
  };
}

test('changes that come in their order are handed on at once, without a look at the table', () => {
  const room = open({ committed: () => 3 });
  room.log.offer([message(1), message(2)]);
  room.log.offer([message(2), message(3)]);
  assert.deepEqual(room.handed(), [1, 2, 3]);
  assert.equal(room.reads(), 0);
});

test('one that overtakes waits for those before it; what never comes is read', async () => {
  const room = open({ committed: () => 5, gapMs: 5 });
  room.log.offer([message(2)]);
  assert.deepEqual(room.handed(), []);
  room.log.offer([message(1)]);
  assert.deepEqual(room.handed(), [1, 2]);
  assert.equal(room.reads(), 0);
  room.log.offer([message(5)]);
  await eventually('the gap is read', async () => (room.log.position === 5 ? true : undefined));
  assert.deepEqual(room.handed(), [1, 2, 3, 4, 5]);
});

test('a change that was replaced leaves no frame that ends before it begins', async () => {
  const room = open({ committed: () => 6, gone: new Set([1, 2, 4]) });
  room.log.reached(6);
  await eventually('all of it', async () => (room.log.position === 6 ? true : undefined));
  assert.deepEqual(
    room.frames.map(({ from, to, messages }) => [from, to, messages.map(({ change }) => change)]),
    [[0, 6, [3, 5, 6]]],
  );
});

test('a table that cannot be read is read at the next look', async () => {
  const room = open({ committed: () => 2 });
  room.fail(true);
  room.log.reached(2);
  await eventually('it was tried', async () => (room.reads() === 1 ? true : undefined));
  room.fail(false);
  assert.equal(room.log.position, 0);
  await eventually('it is tried again', async () => {
    room.log.reached(2);
    return room.log.position === 2 ? true : undefined;
  });
  assert.deepEqual(room.handed(), [1, 2]);
});

test('whatever order they come in, and whatever is lost: each once, frames without a seam', async () => {
  const random = seededRandom('room log');
  for (let round = 0; round < 200; round += 1) {
    const total = 1 + random.below(700);
    let committed = 0;
    const room = open({ committed: () => committed });
    let pending: number[] = [];
    while (committed < total) {
      const batch = Math.min(total - committed, 1 + random.below(20));
      for (let n = 1; n <= batch; n += 1) pending.push(committed + n);
      committed += batch;
      // Told in any order, twice, or never.
      const told = pending.filter(() => random.below(4) > 0).sort(() => random.next() - 0.5);
      pending = pending.filter((change) => !told.includes(change) || random.below(10) === 0);
      if (random.below(8) === 0) pending = [];
      room.log.offer(told.map(message));
      if (random.below(5) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    room.log.reached(committed);
    await eventually('all of it', async () => (room.log.position === total ? true : undefined));
    assert.deepEqual(
      room.handed(),
      Array.from({ length: total }, (_, index) => index + 1),
    );
    let at = 0;
    for (const { from, to } of room.frames) {
      assert.equal(from, at);
      at = to;
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatMessage } from '@labwright/contract-hub/chat';
import { type OutboxOptions, openOutbox } from './outbox.ts';

function memory(): ReturnType<OutboxOptions['storage']> & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get length() {
      return entries.size;
    },
    key: (index) => [...entries.keys()][index] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

interface Sent {
  readonly room: string;
  readonly text: string;
  readonly id: string;
}

/** A hub that answers when it is told to. */
function pageOf(person: string, storage: ReturnType<OutboxOptions['storage']>) {
  const sent: (Sent & { answer: () => void; refuse: (error: unknown) => void })[] = [];
  const outbox = openOutbox({
    person,
    storage: () => storage,
    send: (room, text, id) =>
      new Promise((resolve, reject) => {
        sent.push({ room, text, id, answer: () => resolve({ id } as ChatMessage), refuse: reject });
      }),
  });
  return { outbox, sent };
}

test('a draft is kept for its person and room, until it is empty', () => {
  const storage = memory();
  pageOf('ada', storage).outbox.setDraft('lab', 'half a sen');
  const again = pageOf('ada', storage).outbox;
  assert.equal(again.read('lab').draft, 'half a sen');
  assert.equal(again.read('run:1').draft, '');
  assert.equal(pageOf('bob', storage).outbox.read('lab').draft, '');
  again.setDraft('lab', '');
  assert.equal(storage.entries.size, 0);
});

test('what was not sent is sent by the next page, in order and with the same ids, and is then gone', async () => {
  const storage = memory();
  const before = pageOf('ada', storage);
  before.outbox.setDraft('lab', 'one');
  void before.outbox.post('lab', 'one');
  void before.outbox.post('lab', 'two');
  assert.equal(before.outbox.read('lab').draft, '');

  const bob = pageOf('bob', storage);
  bob.outbox.resume();
  assert.deepEqual(bob.sent, [], 'they are not his');

  const after = pageOf('ada', storage);
  after.outbox.resume();
  after.outbox.resume();
  const told = (sent: readonly Sent[]) => sent.map(({ room, text, id }) => ({ room, text, id }));
  assert.deepEqual(told(after.sent), told(before.sent));
  assert.match(
    after.sent[0]?.id ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(after.outbox.read('lab').waiting.length, 2);
  for (const each of after.sent) each.answer();
  await new Promise(setImmediate);
  assert.equal(after.outbox.read('lab').waiting.length, 0);
  assert.equal(storage.entries.size, 0);
});

test('what the hub refuses is a draft again; what a closing page leaves behind is not', async () => {
  const storage = memory();
  const { outbox, sent } = pageOf('ada', storage);
  const refused = outbox.post('lab', 'too loud');
  const left = outbox.post('lab', 'still true');
  outbox.setDraft('lab', 'next');
  sent[0]?.refuse(Object.assign(new Error('No'), { status: 422 }));
  sent[1]?.refuse(new Error('The page goes away'));
  assert.deepEqual(await Promise.all([refused, left]), [undefined, undefined]);
  assert.equal(outbox.read('lab').draft, 'too loud\nnext');
  assert.match(String(outbox.read('lab').refused), /No/);
  const next = pageOf('ada', storage);
  next.outbox.resume();
  assert.deepEqual(
    next.sent.map(({ text }) => text),
    ['still true'],
  );
});

test('without storage it works as long as the page is there', async () => {
  const forbidden = () => {
    throw new Error('The storage is forbidden');
  };
  const { outbox, sent } = pageOf('ada', {
    ...memory(),
    getItem: forbidden,
    setItem: forbidden,
    removeItem: forbidden,
    key: forbidden,
  });
  outbox.resume();
  outbox.setDraft('lab', 'hello');
  const posted = outbox.post('lab', outbox.read('lab').draft);
  sent[0]?.answer();
  assert.equal((await posted)?.id, sent[0]?.id);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import type { PeopleApi, Person } from '@labwright/contract-hub/people';
import { command } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { chatMigrations } from '../index.ts';
import { findMentioned } from './find-mentioned.ts';
import { handlesOf, mentionedIn, mostMentions } from './handles.ts';
import { renewNames } from './renew-names.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations, chatMigrations]);
});
after(() => database.drop());

test('the handles of a person: the name with dots, and what stands before the @ of the address', () => {
  assert.deepEqual(handlesOf({ name: '  Ada  Lovelace ', email: 'AL@example.org' }), ['ada.lovelace', 'al']);
  assert.deepEqual(handlesOf({ name: 'Żółć (QA)', email: null }), ['żółć.qa']);
  assert.deepEqual(handlesOf({ name: '…', email: '@' }), []);
  // Whoever has a handle can be mentioned by it.
  for (const name of ['Ada Lovelace', 'Żółć (QA)', 'Jean-Luc', 'x_', 'R2', 'O’Brien', '李 明'])
    assert.deepEqual(mentionedIn(`to @${handlesOf({ name })[0]}.`), handlesOf({ name }), name);
});

test('what a text mentions: not what stands within a word or an address, each once, so many at most', () => {
  assert.deepEqual(mentionedIn('@a, @b.c! (@d-e) @A x@y.org me@ @@z @-'), ['a', 'b.c', 'd-e']);
  const many = Array.from({ length: mostMentions + 5 }, (_, n) => `@p${n}`).join(' ');
  assert.equal(mentionedIn(many).length, mostMentions);
});

const age = command('test.chat.age', `UPDATE chat_handles SET seen_at = seen_at - interval '1 minute'`);

test('names are taken over from the people in pages; of who left or is locked they are forgotten', async () => {
  let people: Person[] = Array.from({ length: 450 }, (_, n) => ({
    id: `p${String(n).padStart(3, '0')}`,
    name: n < 2 ? 'Twin' : `Person ${n}`,
    email: null,
    role: 'scientist',
    locked: n === 449,
  }));
  const asked: number[] = [];
  const api: PeopleApi = {
    find: async () => [],
    page: async (afterId, limit) => {
      asked.push(limit);
      return people.filter(({ id }) => afterId === null || id > afterId).slice(0, limit);
    },
  };
  const { db } = database;
  const running = new AbortController().signal;
  await renewNames(db, api, running);
  assert.equal(asked.length, 3);
  assert.deepEqual(await findMentioned(db, '@twin and @person.448 and @person.449'), [
    'p000',
    'p001',
    'p448',
  ]);
  people = people.filter(({ id }) => id !== 'p001').map((one) => ({ ...one, locked: one.id === 'p448' }));
  await db.execute(age);
  await renewNames(db, api, running);
  assert.deepEqual(await findMentioned(db, '@twin and @person.448 and @person.5'), ['p000', 'p005']);
});

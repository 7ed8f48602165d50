import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { ChangesAnswer, ChatMessage, MessagePage, RoomPage } from '@labwright/contract-hub/chat';
import { manualClock, systemClock } from '@labwright/kernel/clock';
import type { ProblemSchema } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase } from '@labwright/kernel/testing';
import { createLimiter } from '@labwright/limits';
import { limitsMigrations, postgresLimits } from '@labwright/limits/postgres';
import Type from 'typebox';
import { openChat, type TestChat } from '../testing/open-chat.ts';

let chat: TestChat;
const clock = manualClock(Date.now());
const announced: AnnouncedEvent[] = [];
before(async () => {
  chat = await openChat({
    clock,
    announcer: { announce: async (_tx, event) => void announced.push(event) },
    settings: { sends: { perSecond: 1, atOnce: 1_000 } },
  });
});
after(() => chat.close());

let rooms = 0;
const newRoom = () => {
  rooms += 1;
  return `run:messages-${rooms}`;
};
const post = async (room: string, text: string, as = 'ada/scientist', headers = {}) => {
  const answer = await chat.request<typeof ChatMessage>('POST', `/chat/rooms/${room}/messages`, {
    as,
    body: { text },
    headers,
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
};
const refusal = async (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  as: string,
  body?: object,
) => {
  const answer = await chat.request<typeof ProblemSchema>(method, path, { as, ...(body ? { body } : {}) });
  return [answer.status, answer.body.code];
};

test('POST 201 stores a message with the next place of its room; GET has it, and the list of rooms too', async () => {
  const room = newRoom();
  const first = await post(room, 'The plate is ready');
  const second = await post(room, 'Thanks', 'bob/operator');
  assert.deepEqual(
    [first.seq, first.change, second.seq, second.change, second.author_id, second.author_name],
    [1, 1, 2, 2, 'bob', 'Bob'],
  );
  const one = await chat.request<typeof ChatMessage>('GET', `/chat/rooms/${room}/messages/${first.id}`);
  assert.deepEqual(one.body, first);
  const list = await chat.request<typeof RoomPage>('GET', '/chat/rooms?limit=100');
  assert.deepEqual(
    list.body.rooms.filter((row) => row.room === room).map((row) => [row.last_seq, row.last_change]),
    [[2, 2]],
  );
});

test('messages come newest first in pages; the last page says so', async () => {
  const room = newRoom();
  for (let n = 1; n <= 7; n += 1) await post(room, `m${n}`);
  const seen: number[] = [];
  let path = `/chat/rooms/${room}/messages?limit=3`;
  for (;;) {
    const { body } = await chat.request<typeof MessagePage>('GET', path);
    seen.push(...body.messages.map(({ seq }) => seq));
    if (body.next_cursor === null) break;
    path = `/chat/rooms/${room}/messages?limit=3&cursor=${body.next_cursor}`;
  }
  assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1]);
  const other = newRoom();
  const { body } = await chat.request<typeof MessagePage>('GET', `/chat/rooms/${room}/messages?limit=3`);
  for (const cursor of [body.next_cursor, 'x', Buffer.from('["messages",1.5]').toString('base64url')])
    assert.deepEqual(await refusal('GET', `/chat/rooms/${other}/messages?cursor=${cursor}`, 'ada/viewer'), [
      400,
      'invalid_cursor',
    ]);
});

test('the same Idempotency-Key writes once; another text with it is refused, and leaves no gap', async () => {
  const room = newRoom();
  const key = randomUUID();
  const first = await post(room, 'once', 'ada/scientist', { 'idempotency-key': key });
  const again = await post(room, 'once', 'ada/scientist', { 'idempotency-key': key });
  assert.equal(again.id, first.id);
  const other = await chat.request<typeof ProblemSchema>('POST', `/chat/rooms/${room}/messages`, {
    body: { text: 'twice' },
    headers: { 'idempotency-key': key },
  });
  assert.equal(other.body.code, 'idempotency_key_reused');
  const next = await post(room, 'next');
  assert.equal(next.seq, 2);
});

test('PATCH and DELETE: one’s own, in time; each takes the next change and keeps the place', async () => {
  const room = newRoom();
  const first = await post(room, 'tpyo');
  const second = await post(room, 'second');
  const path = `/chat/rooms/${room}/messages/${first.id}`;
  const edited = await chat.request<typeof ChatMessage>('PATCH', path, { body: { text: 'typo' } });
  assert.deepEqual(
    [edited.body.text, edited.body.seq, edited.body.change, edited.body.edited_at !== null],
    ['typo', 1, 3, true],
  );
  const same = await chat.request<typeof ChatMessage>('PATCH', path, { body: { text: 'typo' } });
  assert.equal(same.body.change, 3, 'the same text is no change');
  assert.deepEqual(await refusal('PATCH', path, 'bob/admin', { text: 'mine' }), [403, 'not_your_message']);
  assert.deepEqual(await refusal('DELETE', path, 'bob/operator'), [403, 'not_your_message']);
  const gone = await chat.request<typeof ChatMessage>('DELETE', path);
  assert.deepEqual([gone.body.text, gone.body.seq, gone.body.change], ['', 1, 4]);
  assert.deepEqual(await refusal('PATCH', path, 'ada/scientist', { text: 'back' }), [409, 'message_deleted']);
  const again = await chat.request<typeof ChatMessage>('DELETE', path);
  assert.equal(again.body.change, 4, 'deleted again, it is as it is');
  assert.deepEqual(
    await refusal('PATCH', `/chat/rooms/${room}/messages/${randomUUID()}`, 'ada/scientist', { text: 'x' }),
    [404, 'message_not_found'],
  );
  // Not a single one is out of place.
  const { body } = await chat.request<typeof ChangesAnswer>('GET', `/chat/rooms/${room}/changes?after=0`);
  assert.deepEqual(
    body.messages.map((message) => [message.seq, message.change, message.text]),
    [
      [second.seq, 2, 'second'],
      [1, 4, ''],
    ],
  );
  assert.deepEqual([body.from, body.to, body.more], [0, 4, false]);
});

test('a message can be changed for 15 minutes and deleted for 24 hours; an administrator deletes later still', async () => {
  const room = newRoom();
  const { id } = await post(room, 'old');
  const later = manualClock(Date.now());
  const aged = await chat.another({ clock: later });
  const ask = async (method: 'PATCH' | 'DELETE', as: string, text?: string) => {
    const answer = await aged.server.app.inject({
      method,
      url: `/chat/rooms/${room}/messages/${id}`,
      headers: { authorization: `Bearer ${as}` },
      ...(text ? { payload: { text } } : {}),
    });
    return [answer.statusCode, answer.json().code];
  };
  await later.advance(14 * 60_000);
  assert.deepEqual(await ask('PATCH', 'ada/scientist', 'newer'), [200, undefined]);
  await later.advance(2 * 60_000);
  assert.deepEqual(await ask('PATCH', 'ada/scientist', 'newest'), [409, 'too_late']);
  await later.advance(24 * 3_600_000);
  assert.deepEqual(await ask('DELETE', 'ada/scientist'), [409, 'too_late']);
  assert.deepEqual(await ask('DELETE', 'root/admin'), [200, undefined]);
  const entry = await aged.db.first(lastAudited, [`message:${id}`]);
  assert.deepEqual(entry, {
    action: 'chat.message_deleted',
    before: { room, author: 'ada', text: 'newer' },
    actor: 'root',
  });
});

const lastAudited = rows(
  'test.chat.audited',
  Type.Object({ action: Type.String(), before: Type.Unknown(), actor: Type.String() }),
  `SELECT action, before, context->'actor'->>'id' AS actor FROM audit_pending WHERE subject = $1`,
);

test('a viewer reads and does not write; a token needs the scope; nobody gets in without a name', async () => {
  const room = newRoom();
  const path = `/chat/rooms/${room}/messages`;
  assert.deepEqual(await refusal('POST', path, 'eve/viewer', { text: 'hi' }), [403, 'forbidden']);
  assert.deepEqual(await refusal('POST', path, 'bot/operator/chat:read', { text: 'hi' }), [403, 'forbidden']);
  assert.deepEqual(await refusal('GET', path, 'bot/operator/devices:read'), [403, 'forbidden']);
  assert.equal((await chat.request('GET', path, { as: 'eve/viewer' })).status, 200);
  assert.deepEqual(await refusal('GET', path, ''), [401, 'unauthenticated']);
});

test('400: no such kind of room, no text, too long a text, U+0000, half a character', async () => {
  const bad: [string, object][] = [
    ['kitchen', { text: 'x' }],
    ['user:ada', { text: 'x' }],
    [`run:${'x'.repeat(51)}`, { text: 'x' }],
    ['lab', {}],
    ['lab', { text: ' \n ' }],
    ['lab', { text: 'x'.repeat(4_001) }],
    ['lab', { text: 'a\u0000b' }],
    ['lab', { text: '\ud800' }],
    ['lab', { text: 'x', room: 'lab' }],
  ];
  for (const [room, body] of bad)
    assert.deepEqual(
      await refusal('POST', `/chat/rooms/${room}/messages`, 'ada/scientist', body),
      [400, 'validation_failed'],
      `${room} ${JSON.stringify(body).slice(0, 60)}`,
    );
  const longest = await post('lab', '🧪'.repeat(4_000));
  assert.equal([...longest.text].length, 4_000);
});

const put = rows(
  'test.chat.put_handle',
  Type.Object({ handle: Type.String() }),
  'INSERT INTO chat_handles (handle, principal_id) VALUES ($1, $2) RETURNING handle',
);

test('@name tells that person once, within the transaction; an edit tells only whom it names anew', async () => {
  await chat.db.query(put, ['grace.hopper', 'p-grace']);
  await chat.db.query(put, ['lin', 'p-lin']);
  await chat.db.query(put, ['ada', 'ada']);
  announced.length = 0;
  const room = newRoom();
  const message = await post(room, 'See this, @Grace.Hopper and @grace.hopper; @ada @nobody lin@example.org');
  assert.deepEqual(message.mentions, ['p-grace']);
  assert.deepEqual(
    announced.map(({ id, type, recipients, subject, title }) => ({ id, type, recipients, subject, title })),
    [
      {
        id: message.id,
        type: 'chat.mention',
        recipients: ['p-grace'],
        subject: { room, workflow_id: room.slice(4) },
        title: `Ada mentioned you in ${room.replace(':', ' ')}`,
      },
    ],
  );
  await chat.request('PATCH', `/chat/rooms/${room}/messages/${message.id}`, {
    body: { text: 'See this, @grace.hopper and @lin.' },
  });
  assert.deepEqual(
    announced.slice(1).map(({ recipients }) => recipients),
    [['p-lin']],
  );
  assert.notEqual(announced[1]?.id, message.id);
});

test('an announcement that fails takes the message back, and leaves no gap', async () => {
  const room = newRoom();
  const failing = await chat.another({
    announcer: {
      announce: async () => {
        throw new Error('no');
      },
    },
  });
  const answer = await failing.server.app.inject({
    method: 'POST',
    url: `/chat/rooms/${room}/messages`,
    headers: { authorization: 'Bearer ada/scientist' },
    payload: { text: '@lin' },
  });
  assert.equal(answer.statusCode, 500);
  assert.equal((await post(room, 'after')).seq, 1);
});

test('429 too_fast with Retry-After once somebody has written as much as they may, others go on', async () => {
  const slow = await chat.another({ settings: { sends: { perSecond: 1, atOnce: 2 } } });
  const write = (as: string) =>
    slow.server.app.inject({
      method: 'POST',
      url: '/chat/rooms/run:fast/messages',
      headers: { authorization: `Bearer ${as}` },
      payload: { text: 'x' },
    });
  const codes = [];
  for (let n = 0; n < 3; n += 1) codes.push((await write('ada/scientist')).statusCode);
  assert.deepEqual(codes, [201, 201, 429]);
  const refused = await write('ada/scientist');
  assert.equal(refused.json().code, 'too_fast');
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal((await write('bob/scientist')).statusCode, 201);
  await clock.advance(1_000);
  assert.equal((await write('ada/scientist')).statusCode, 201);
});

test('the limit holds over several processes that count in one place', async () => {
  const limits = await createTestDatabase([limitsMigrations]);
  const counting = () =>
    createLimiter({
      store: postgresLimits(limits.db.sibling({ max: 2 })),
      clock: systemClock,
      log: silentLog,
      whenDown: 'closed',
      timeoutMs: 60_000,
    });
  const settings = { sends: { perSecond: 1, atOnce: 20 } };
  const both = [
    await chat.another({ limiter: counting(), settings }),
    await chat.another({ limiter: counting(), settings }),
  ];
  const startedAt = Date.now();
  const written = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      both[n % 2]?.server.app.inject({
        method: 'POST',
        url: '/chat/rooms/run:fast/messages',
        headers: { authorization: 'Bearer eve/scientist' },
        payload: { text: `x${n}` },
      }),
    ),
  );
  const taken = written.filter((answer) => answer?.statusCode === 201).length;
  const most = 20 + Math.ceil((Date.now() - startedAt) / 1_000);
  assert.ok(taken >= 20 && taken <= most, `${taken} were taken, at most ${most} may be`);
  assert.ok(written.every((answer) => [201, 429].includes(answer?.statusCode ?? 0)));
  for (const server of both) await server.stop();
  await limits.drop();
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import type { ChatMessage, PresencePage, Tells } from '@labwright/contract-hub/chat';
import { commonErrors, isProblem } from '@labwright/kernel/errors';
import { eventually, openProxy } from '@labwright/kernel/testing';
import { io } from 'socket.io-client';
import { postgresBackplane } from '../index.ts';
import { openChat, sayWho, type TestChat } from '../testing/open-chat.ts';

let chat: TestChat;
/** What `authenticate` does beside its usual work. */
let revoked = new Set<string>();
before(async () => {
  chat = await openChat({
    settings: {
      renewMs: 50,
      mostSocketsEach: 3,
      mostRooms: 3,
      gatherMs: 5,
      beatMs: 200,
    },
    authenticate: async (request) => {
      const principal = await sayWho(request);
      if (principal && revoked.has(principal.id))
        throw commonErrors.problem('unauthenticated', 'The session was signed out.');
      return principal;
    },
  });
});
after(() => chat.close());

/** A bare socket, for what the client never does. */
async function open(as: string, url = chat.url) {
  const socket = io(url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    extraHeaders: { authorization: `Bearer ${as}` },
  });
  await once(socket as never, 'connect');
  return socket;
}

/** The answer to an upgrade that is refused. */
function upgrade(headers: Record<string, string>, path = '/live/?EIO=4&transport=websocket') {
  return new Promise<{ status: number; code?: string }>((resolve, reject) => {
    const asked = httpRequest(`${chat.url}${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101 });
    });
    asked.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).code }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('an upgrade is let in by who asks and from where, and refused as any request is', async () => {
  const authorization = 'Bearer up/viewer';
  const host = new URL(chat.url).host;
  assert.deepEqual(await upgrade({ authorization }), { status: 101 });
  // A browser sends the cookie with whatever page asks; only `Origin` tells which.
  const cookie = 'up/viewer';
  assert.deepEqual(await upgrade({ cookie, origin: `http://${host}` }), { status: 101 });
  for (const origin of ['https://evil.example', 'null', `http://${host}.evil.example`])
    assert.deepEqual(await upgrade({ cookie, origin }), { status: 403, code: 'cross_site_request' }, origin);
  assert.deepEqual(await upgrade({}), { status: 401, code: 'unauthenticated' });
  assert.deepEqual(await upgrade({ authorization: 'Bearer forged' }), {
    status: 401,
    code: 'unauthenticated',
  });
  assert.deepEqual(await upgrade({ authorization }, '/elsewhere'), { status: 404, code: 'route_not_found' });
  // Polling would need a balancer that keeps a session with its process: there is none.
  const polled = await fetch(`${chat.url}/live/?EIO=4&transport=polling`, { headers: { authorization } });
  assert.equal(polled.status, 404);
});

test('followed, a room tells each change once and in order; from an earlier one, what came meanwhile', async () => {
  const room = 'run:follow';
  const seen: ChatMessage[] = [];
  const ada = chat.client('ada/scientist', { onChanges: (_room, messages) => void seen.push(...messages) });
  await ada.follow(room, 0);
  const bob = chat.client('bob/scientist');
  const first = await bob.send(room, 'one');
  await bob.send(room, 'two');
  await chat.request('PATCH', `/chat/rooms/${room}/messages/${first.id}`, {
    as: 'bob/scientist',
    body: { text: 'ONE' },
  });
  await eventually('three changes', async () => (seen.length >= 3 ? true : undefined));
  assert.deepEqual(
    seen.map(({ seq, change, text }) => [seq, change, text]),
    [
      [1, 1, 'one'],
      [2, 2, 'two'],
      [1, 3, 'ONE'],
    ],
  );
  const late: ChatMessage[] = [];
  const eve = chat.client('eve/viewer', { onChanges: (_room, messages) => void late.push(...messages) });
  await eve.follow(room, 1);
  await eventually('what came after the first', async () => (eve.position(room) === 3 ? true : undefined));
  assert.deepEqual(
    late.map(({ change }) => change),
    [2, 3],
  );
  await assert.rejects(eve.send(room, 'hi'), (error) => isProblem(error, 'room_forbidden'));
});

test('the same id sent over and over is one message', async () => {
  const socket = await open('ida/scientist');
  const id = randomUUID();
  const input = { room: 'run:same', id, text: 'once' };
  const acks = await Promise.all(Array.from({ length: 10 }, () => socket.emitWithAck('send', input)));
  assert.deepEqual(new Set(acks.map((ack) => ack.value?.seq)), new Set([1]));
  const other = await socket.emitWithAck('send', { ...input, text: 'another' });
  assert.equal(other.problem.code, 'idempotency_key_reused');
  socket.disconnect();
});

test('a message is of whoever wrote it, or is not written: cookies may be another person’s by now', async () => {
  const socket = await open('bob/scientist');
  const input = { room: 'run:whose', id: randomUUID(), text: 'of Ada' };
  const refused = await socket.emitWithAck('send', { ...input, as: 'ada' });
  assert.equal(refused.problem?.code, 'another_person');
  assert.match(refused.problem.detail, /^Bob is signed in here by now/);
  assert.equal((await socket.emitWithAck('send', { ...input, as: 'bob' })).value?.seq, 1);
  socket.disconnect();
  const client = chat.client('bob/scientist', { as: 'ada' });
  await assert.rejects(client.send('run:whose', 'of Ada, too'), (error) =>
    isProblem(error, 'another_person'),
  );
});

test('whatever a client sends is answered with a problem, and never ends the process', async () => {
  const socket = await open('mal/scientist');
  const bad: [string, unknown][] = [
    ['follow', null],
    ['follow', { room: 'kitchen' }],
    ['follow', { room: 'user:mal' }],
    ['changes', { room: 'lab', after: -1 }],
    ['changes', { room: 'lab', after: 2 ** 40 }],
    ['send', { room: 'lab', id: 'no', text: 'x' }],
    ['send', { room: 'lab', id: randomUUID(), text: '\ud800' }],
    ['send', { room: 'lab', id: randomUUID(), text: 'a\u0000' }],
    ['send', { room: 'lab', id: randomUUID(), text: Buffer.from('x') }],
    ['watch', 'lab'],
  ];
  for (const [name, input] of bad) {
    const ack = await socket.emitWithAck(name, input);
    assert.equal(ack.problem?.code, 'validation_failed', JSON.stringify([name, input]));
  }
  socket.emit('follow');
  socket.emit('unheard of', 1);
  assert.equal((await socket.emitWithAck('watch', { room: 'user:mal' })).ok, true);
  const other = await socket.emitWithAck('watch', { room: 'user:ada' });
  assert.equal(other.problem.code, 'room_forbidden');
  for (const id of ['a', 'b']) await socket.emitWithAck('watch', { room: `device:${id}` });
  const more = await socket.emitWithAck('follow', { room: 'device:c' });
  assert.equal(more.problem.code, 'too_many_rooms');
  socket.disconnect();
  const scoped = await open('bot/operator/chat:read');
  assert.equal((await scoped.emitWithAck('follow', { room: 'lab' })).ok, true);
  const send = await scoped.emitWithAck('send', { room: 'lab', id: randomUUID(), text: 'x' });
  assert.equal(send.problem.code, 'room_forbidden');
  scoped.disconnect();
});

test('a frame that is too large, or too many of them, end the socket', async () => {
  const large = await open('lars/scientist');
  large.emit('send', { room: 'lab', id: randomUUID(), text: 'x'.repeat(40_000) });
  await once(large as never, 'disconnect');
  const flood = await open('flo/scientist');
  for (let n = 0; n < 400; n += 1) flood.emit('typing', { room: 'lab' });
  await once(flood as never, 'disconnect');
});

test('so many sockets of one principal, and no more', async () => {
  const three = await Promise.all([1, 2, 3].map(() => open('many/viewer')));
  assert.deepEqual(await upgrade({ authorization: 'Bearer many/viewer' }), {
    status: 429,
    code: 'too_many_sockets',
  });
  three[0]?.disconnect();
  await eventually('a place', async () =>
    (await upgrade({ authorization: 'Bearer many/viewer' })).status === 101 ? true : undefined,
  );
  for (const socket of three) socket.disconnect();
});

test('whoever was signed out writes no more, and hears no more', async () => {
  revoked = new Set();
  const socket = await open('gone/scientist');
  await socket.emitWithAck('follow', { room: 'lab' });
  const bye = once(socket as never, 'bye');
  const ended = once(socket as never, 'disconnect');
  revoked.add('gone');
  const ack = await Promise.race([
    socket.emitWithAck('send', { room: 'lab', id: randomUUID(), text: 'still here' }),
    bye.then(() => null),
  ]);
  if (ack) assert.equal(ack.problem.code, 'unauthenticated');
  assert.equal(((await bye)[0] as { code: string }).code, 'unauthenticated');
  await ended;
});

test('a live event reaches whoever watches its room, and nobody else; each watch says that it begins', async () => {
  const events: Tells['live'][] = [];
  const stale: string[] = [];
  const ada = chat.client('livia/viewer', {
    onLive: (event) => void events.push(event),
    onStale: (room) => void stale.push(room),
  });
  ada.watch('device:reader-1');
  ada.watch('user:livia');
  await eventually('both are watched', async () => (stale.length === 2 ? true : undefined));
  chat.chat.live.publish('device:reader-2', { type: 'device.changed', data: {} });
  chat.chat.live.publish('user:somebody', { type: 'secret', data: {} });
  chat.chat.live.publish('device:reader-1', { type: 'device.changed', data: { status: 'busy' } });
  chat.chat.live.publish('user:livia', { type: 'notification', data: 1 });
  await eventually('two events', async () => (events.length >= 2 ? true : undefined));
  assert.deepEqual(events, [
    { room: 'device:reader-1', type: 'device.changed', data: { status: 'busy' } },
    { room: 'user:livia', type: 'notification', data: 1 },
  ]);
});

test('who is there: told, listed, and gone with the last socket', async () => {
  const room = 'run:presence';
  const told: Tells['presence'][] = [];
  const typed: Tells['typing'][] = [];
  const ada = chat.client('pia/viewer', {
    onPresence: (presence) => void told.push(presence),
    onTyping: (typing) => void typed.push(typing),
  });
  await ada.follow(room);
  const list = async () =>
    (await chat.request<typeof PresencePage>('GET', `/chat/rooms/${room}/presence`)).body.people.map(
      ({ id }) => id,
    );
  await eventually('pia', async () => ((await list()).join() === 'pia' ? true : undefined));
  const quin = chat.client('quin/scientist');
  await quin.follow(room);
  const twice = chat.client('quin/scientist');
  await twice.follow(room);
  await eventually('both', async () => ((await list()).join() === 'pia,quin' ? true : undefined));
  quin.typing(room);
  await eventually('typing', async () => (typed.length > 0 ? true : undefined));
  assert.deepEqual(typed[0], { room, person: { id: 'quin', name: 'Quin' } });
  quin.close();
  twice.close();
  await eventually('quin left', async () => ((await list()).join() === 'pia' ? true : undefined));
  await eventually('told so', async () =>
    told.some(({ left }) => left?.some(({ id }) => id === 'quin')) ? true : undefined,
  );
  assert.equal(told.flatMap(({ joined }) => joined ?? []).filter(({ id }) => id === 'quin').length, 1);
});

test('a socket that does not read is cut off before what waits for it grows large; its client misses nothing', async () => {
  const slow = await openChat({
    settings: {
      mostBehind: { frames: 10_000, bytes: 300_000 },
      sends: { perSecond: 10_000, atOnce: 10_000 },
    },
  });
  const proxy = await openProxy({ host: '127.0.0.1', port: slow.port });
  try {
    const room = 'run:slow';
    const seen: number[] = [];
    const reader = slow.client('rea/viewer', {
      url: `http://127.0.0.1:${proxy.port}`,
      onChanges: (_room, messages) => void seen.push(...messages.map(({ seq }) => seq)),
    });
    await reader.follow(room, 0);
    const cut = async () =>
      /live_sockets_cut_off_total\{why="behind".*\} 1/.test(await slow.metrics.registry.metrics());
    proxy.weather = 'hold';
    const writer = slow.client('wri/scientist');
    let written = 0;
    // Far beyond the buffers of the system in between.
    while (!(await cut())) {
      assert.ok(written < 10_000, 'it was never cut off');
      await Promise.all(
        Array.from({ length: 50 }, () =>
          slow.request('POST', `/chat/rooms/${room}/messages`, {
            as: 'wri/scientist',
            body: { text: 'x'.repeat(3_900) },
          }),
        ),
      );
      written += 50;
    }
    writer.close();
    proxy.weather = 'pass';
    proxy.reset();
    await eventually('all of them', async () => (seen.length >= written ? true : undefined));
    assert.deepEqual(
      seen,
      Array.from({ length: written }, (_, index) => index + 1),
    );
  } finally {
    await proxy.close();
    await slow.close();
  }
});

test('of two processes each tells the sockets of the other', async () => {
  const first = await openChat({});
  const backplane = postgresBackplane(first.databaseUrl);
  const [a, b] = [await first.another({ backplane }), await first.another({ backplane })];
  try {
    const room = 'run:two';
    const seen: ChatMessage[] = [];
    const live: string[] = [];
    const reader = first.client('ada/viewer', {
      url: a.url,
      onChanges: (_room, messages) => void seen.push(...messages),
      onLive: ({ type }) => void live.push(type),
    });
    await reader.follow(room, 0);
    reader.watch('lab');
    const write = async (text: string) =>
      (
        await b.server.app.inject({
          method: 'POST',
          url: `/chat/rooms/${room}/messages`,
          headers: { authorization: 'Bearer bob/scientist' },
          payload: { text },
        })
      ).json<ChatMessage>();
    const small = await write('small');
    // Larger than a notification.
    const large = await write('🧪'.repeat(4_000));
    await eventually('both', async () => (seen.length === 2 ? true : undefined));
    assert.deepEqual(seen, [small, large]);
    await eventually('live events', async () => {
      b.chat.live.publish('lab', { type: 'told', data: 'x'.repeat(20_000) });
      return live.length > 0 ? true : undefined;
    });
  } finally {
    await first.close();
  }
});

test('a sign-in that ends is heard of at once, by those who only listen', async () => {
  let told = () => {};
  const quick = await chat.another({
    settings: { renewMs: 3_600_000, gatherMs: 5 },
    onRevoked: (listener) => {
      told = listener;
    },
  });
  const socket = await open('lea/viewer', quick.url);
  const stays = await open('leo/viewer', quick.url);
  const [bye, ended] = [once(socket as never, 'bye'), once(socket as never, 'disconnect')];
  revoked = new Set(['lea']);
  told();
  assert.equal((await bye)[0].code, 'unauthenticated');
  await ended;
  assert.equal(stays.connected, true);
  revoked = new Set();
  stays.disconnect();
});

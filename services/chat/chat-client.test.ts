import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type ChatMessage, socketPath } from '@labwright/contract-hub/chat';
import { connectChat } from '@labwright/contract-hub/chat-client';
import { eventually } from '@labwright/kernel/testing';
import { Server } from 'socket.io';

const changed = (change: number) => ({ id: `m${change}`, change }) as ChatMessage;
const frame = (from: number, to: number) => ({
  room: 'lab',
  from,
  to,
  messages: Array.from({ length: to - from }, (_, index) => changed(from + index + 1)),
});

/** A hub of which the test decides what it tells, and when; the room stands at `newest` when it is followed. */
async function openHub(t: TestContext, newest: number) {
  const http = createServer();
  const io = new Server(http, { path: socketPath, transports: ['websocket'] });
  const asked: { after: number; answer(page: object): void }[] = [];
  io.on('connection', (socket) => {
    socket.on('follow', (_input, ack) => ack({ ok: true, value: { position: newest, newest } }));
    socket.on('changes', ({ after }, ack) => {
      asked.push({ after, answer: (value) => ack({ ok: true, value }) });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const seen: number[] = [];
  const client = connectChat({
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    onChanges: (_room, messages) => void seen.push(...messages.map(({ change }) => change)),
  });
  t.after(async () => {
    client.close();
    await io.close();
  });
  return { client, io, seen, ask: (n: number) => eventually(`ask ${n}`, async () => asked[n], 5_000), asked };
}

test('a frame that overtakes the page it follows on is asked for again', async (t) => {
  const { client, io, seen, ask } = await openHub(t, 8);
  await client.follow('lab', 5);
  const first = await ask(0);
  assert.equal(first.after, 5);
  // The table was read at 8; 9 is told before that answer arrives, and nothing comes after it.
  io.emit('changes', frame(8, 9));
  first.answer({ ...frame(5, 8), more: false });
  const second = await ask(1);
  assert.equal(second.after, 8);
  second.answer({ ...frame(8, 9), more: false });
  await eventually('all is seen', async () => (seen.length === 4 ? true : undefined), 5_000);
  assert.deepEqual(seen, [6, 7, 8, 9]);
});

test('what was told and is not in the table is not asked for without an end', async (t) => {
  const { client, io, seen, ask, asked } = await openHub(t, 8);
  await client.follow('lab', 5);
  io.emit('changes', frame(11, 12));
  (await ask(0)).answer({ ...frame(5, 8), more: false });
  (await ask(1)).answer({ ...frame(8, 8), more: false });
  io.emit('changes', frame(8, 9));
  await eventually('all is seen', async () => (seen.length === 4 ? true : undefined), 5_000);
  assert.equal(asked.length, 2);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { openDb } from '../db.ts';
import { command } from '../statement.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { eventually } from './processes.ts';
import { openProxy, type TestProxy } from './proxy.ts';

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
});
let proxy: TestProxy;
let database: TestDatabase;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  proxy = await openProxy({ host: '127.0.0.1', port: address.port });
  database = await createTestDatabase([]);
});
after(async () => {
  await proxy.close();
  server.close();
  await database.drop();
});

/** A connection to the echo, and what came back so far. */
async function call() {
  const socket: Socket = connect(proxy.port, '127.0.0.1');
  let text = '';
  let ended = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? error.message;
  });
  socket.on('end', () => {
    ended ||= 'end';
  });
  await once(socket, 'connect');
  return {
    socket,
    heard: () => text,
    ended: () => ended,
    hears: (wanted: string) =>
      eventually(`it hears ${wanted}`, async () => text === wanted || undefined, 10_000),
  };
}

test('bytes pass, both ways, and so does the end', async () => {
  const one = await call();
  one.socket.write('a');
  await one.hears('a');
  one.socket.end();
  await eventually('it ends', async () => proxy.connections === 0 || undefined, 10_000);
});

test('what is held arrives later, in order', async () => {
  const one = await call();
  one.socket.write('a');
  await one.hears('a');
  proxy.weather = 'hold';
  one.socket.write('b');
  const other = await call();
  other.socket.write('x');
  proxy.weather = { delayMs: 5 };
  one.socket.write('c');
  await one.hears('abc');
  await other.hears('x');
  proxy.weather = 'pass';
  one.socket.write('d');
  await one.hears('abcd');
  proxy.reset();
  await eventually('it is reset', async () => one.ended() === 'ECONNRESET' || undefined, 10_000);
});

test('what is dropped never arrives, and nobody is told', async () => {
  const old = await call();
  old.socket.write('a');
  await old.hears('a');
  proxy.weather = 'drop';
  old.socket.write('b');
  const during = await call();
  during.socket.write('x');
  proxy.weather = 'pass';
  const fresh = await call();
  old.socket.write('c');
  during.socket.write('y');
  fresh.socket.write('new');
  await fresh.hears('new');
  assert.deepEqual([old.heard(), old.ended(), during.heard(), during.ended()], ['a', '', '', '']);
  proxy.reset();
});

test('a database by way of it: an answer that never comes is given up, and the next statement has a new connection', async () => {
  const address = new URL(database.url);
  const network = await openProxy({ host: address.hostname, port: Number(address.port || 5432) });
  const db = openDb({
    url: network.through(database.url),
    applicationName: 'test',
    max: 1,
    statementTimeout: 500,
    answerTimeout: 200,
  });
  const one = command('test.proxy.one', 'SELECT 1');
  await db.execute(one);
  network.weather = 'drop';
  await assert.rejects(db.execute(one), { code: 'database_unavailable' });
  network.weather = 'pass';
  await db.execute(one);
  // It does not wait for the good-bye of the connection that is dead.
  await db.close();
  await network.close();
});

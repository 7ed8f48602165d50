import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { type ChatMessage, ChatMessage as Message } from '@labwright/contract-hub/chat';
import { type ChatClient, connectChat } from '@labwright/contract-hub/chat-client';
import { rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  freePort,
  openProxy,
  seededRandom,
  spawnScript,
  startRedis,
  type TestProcess,
  type TestProxy,
} from '@labwright/kernel/testing';
import { chatMigrations } from './index.ts';
import { messageColumns } from './messages/message-row.ts';
import { listPresent } from './presence/tables.ts';

const stored = rows(
  'test.chat.all',
  Message,
  `SELECT ${messageColumns} FROM chat_messages m WHERE m.room = $1 ORDER BY m.change`,
);

/** Written to only, and written to and changed. */
const rooms = ['run:plain', 'run:edited'] as const;
const clientsEach = 3;
const storms = 6;

/** A process with two networks that fail: to its clients, and to its database. */
interface Node {
  start(): Promise<void>;
  process: TestProcess;
  clients: TestProxy;
  database: TestProxy;
}

interface Reader {
  client: ChatClient;
  seen: Record<string, ChatMessage[]>;
}

async function underFire(redis?: { url: string }) {
  const random = seededRandom(`chat under fire${redis ? ' on Redis' : ''}`);
  const database = await createTestDatabase([auditMigrations, chatMigrations]);
  const prefix = `lw-test-${randomUUID()}`;
  const nodes: Node[] = [];
  const readers: Reader[] = [];
  let writing = true;

  const startNode = async (): Promise<Node> => {
    const port = await freePort();
    const { hostname, port: dbPort } = new URL(database.url);
    const db = await openProxy({ host: hostname, port: Number(dbPort) });
    const spawn = () =>
      spawnScript(import.meta.resolve('./testing/server.ts'), {
        CHAT_DATABASE_URL: db.through(database.url),
        CHAT_PORT: String(port),
        ...(redis ? { CHAT_REDIS_URL: redis.url, CHAT_REDIS_PREFIX: prefix } : {}),
      });
    const node: Node = {
      process: spawn(),
      clients: await openProxy({ host: '127.0.0.1', port }),
      database: db,
      start: async () => {
        node.process = spawn();
        await node.process.wrote(/listening/);
      },
    };
    nodes.push(node);
    await node.process.wrote(/listening/);
    return node;
  };

  const addReader = (node: Node, name: string) => {
    const seen: Record<string, ChatMessage[]> = Object.fromEntries(rooms.map((room) => [room, []]));
    const client = connectChat({
      url: `http://127.0.0.1:${node.clients.port}`,
      headers: { authorization: `Bearer ${name}/scientist` },
      answerMs: 1_000,
      retryMs: [20, 200],
      onChanges: (room, messages) => void seen[room]?.push(...messages),
      onReset: (room) => assert.fail(`${room} began anew`),
    });
    for (const room of rooms) client.follow(room, 0).catch(() => {});
    readers.push({ client, seen });
    return client;
  };

  let sent = 0;
  const written: Record<string, string[]> = {};
  const write = async (client: ChatClient, name: string, node: Node) => {
    const own: string[] = [];
    written[name] = own;
    for (let n = 0; writing; n += 1) {
      const text = `${name} ${n}`;
      const [plain, edited] = await Promise.all(rooms.map((room) => client.send(room, text)));
      own.push(text);
      assert.equal(plain?.text, text);
      sent += 2;
      // By HTTP, and only once: what became of it nobody knows, but everybody has to see the same.
      if (edited && random.below(3) === 0)
        await fetch(`http://127.0.0.1:${node.clients.port}/chat/rooms/${rooms[1]}/messages/${edited.id}`, {
          method: random.below(4) === 0 ? 'DELETE' : 'PATCH',
          headers: { authorization: `Bearer ${name}/scientist`, 'content-type': 'application/json' },
          body: JSON.stringify({ text: `${text} edited` }),
          signal: AbortSignal.timeout(1_000),
        }).catch(() => {});
    }
  };

  /** Until so many more messages got through. */
  const progress = async (more: number) => {
    const goal = sent + more;
    await eventually(`${more} more messages`, async () => (sent >= goal ? true : undefined), 60_000);
  };

  const storm = async (turn: number) => {
    const node = nodes[random.below(nodes.length)];
    if (!node) return;
    // A kill -9 is always among them.
    const kind = turn === 0 ? 0 : random.below(7);
    if (kind <= 1) {
      await node.process.kill('SIGKILL');
      // Now and then both are away at once.
      if (random.below(3) === 0) {
        for (const other of nodes) if (other !== node) await other.process.kill('SIGKILL');
        for (const other of nodes) await other.start();
      } else {
        await progress(5);
        await node.start();
      }
    } else if (kind === 2) {
      await node.process.kill('SIGTERM');
      await node.start();
    } else if (kind === 3) node.clients.reset();
    else if (kind === 4) {
      // Bytes vanish and nobody is told; whoever waits on them finds out by itself.
      node.clients.weather = 'drop';
      await progress(5);
      node.clients.weather = 'pass';
    } else if (kind === 5) {
      node.database.reset();
      await progress(2);
    } else {
      node.clients.weather = 'hold';
      await progress(5);
      node.clients.weather = 'pass';
    }
    await progress(10);
  };

  try {
    for (const name of ['a', 'b']) {
      const node = await startNode();
      for (let n = 0; n < clientsEach; n += 1) addReader(node, `${name}${n}`);
    }
    const writers = [0, 1, clientsEach].map((index) => {
      const node = nodes[index < clientsEach ? 0 : 1];
      const reader = readers[index];
      if (!node || !reader) throw new Error('there is no such reader');
      return write(reader.client, `${index < clientsEach ? 'a' : 'b'}${index % clientsEach}`, node);
    });
    await progress(10);
    for (let n = 0; n < storms; n += 1) await storm(n);
    writing = false;
    await Promise.all(writers);
    // Comes late, and sees all the same.
    const last = nodes[1];
    if (last) addReader(last, 'late');

    for (const room of rooms) {
      const truth = await database.db.query(stored, [room]);
      const newest = truth.at(-1)?.change;
      await eventually(`every client has all of ${room}`, async () =>
        readers.every(({ client }) => client.position(room) === newest) ? true : undefined,
      );
      for (const { seen } of readers) {
        const changes = (seen[room] ?? []).map(({ change }) => change);
        assert.deepEqual(
          changes,
          [...new Set(changes)].sort((x, y) => x - y),
          'each change once, in order',
        );
        const final = new Map((seen[room] ?? []).map((message) => [message.id, message]));
        assert.deepEqual(
          [...final.values()].sort((x, y) => x.change - y.change),
          truth,
        );
      }
      assert.deepEqual(
        truth.map(({ seq }) => seq).sort((x, y) => x - y),
        truth.map((_, index) => index + 1),
        'places have no gap',
      );
    }
    const plain = await database.db.query(stored, [rooms[0]]);
    for (const { seen } of readers)
      assert.deepEqual(
        seen[rooms[0]]?.map(({ seq }) => seq),
        plain.map((_, index) => index + 1),
      );
    for (const [name, texts] of Object.entries(written))
      assert.deepEqual(
        plain.filter(({ author_id }) => author_id === name).map(({ text }) => text),
        texts,
        `what ${name} sent stands once, in its order`,
      );
    assert.ok(plain.length > 100);
    await eventually('who is there is known again', async () => {
      const { people } = await listPresent(database.db, { room: rooms[0], limit: 100 });
      return people.length === readers.length ? true : undefined;
    });
    process.stdout.write(`# ${plain.length} messages, ${storms} storms, ${readers.length} clients\n`);
  } finally {
    writing = false;
    for (const { client } of readers) client.close();
    for (const node of nodes) {
      await node.process.kill('SIGKILL');
      await node.clients.close();
      await node.database.close();
    }
    await database.drop();
  }
}

test('two processes under fire: every client has every change once, in order', { timeout: 240_000 }, () =>
  underFire(),
);

test('the same with Redis between the processes', { timeout: 240_000 }, async (t) => {
  const redis = await startRedis();
  if (!redis) return t.skip('there is no redis-server');
  try {
    await underFire(redis);
  } finally {
    await redis.stop();
  }
});

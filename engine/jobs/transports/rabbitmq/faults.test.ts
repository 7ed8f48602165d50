import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { silentLog as log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  seededRandom,
  spawnScript,
  type TestDatabase,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import { createWorker, defineTask, enqueueMany, handle, jobsMigrations, type Worker } from '../../index.ts';
import { startRabbit, type TestRabbit } from '../../testing/rabbitmq.ts';
import { type Broker, createRelay, openBroker, rabbitTransport } from './index.ts';
import { brokerQueue } from './topology.ts';

/*
 * What goes wrong between the table and its workers. Whatever it is: every job has one outcome, no key overlaps, nothing is stuck.
 */

const rabbit = await startRabbit();
const namespace = 'faults';
const queue = 'q';
const carrier = brokerQueue(namespace, queue);
const task = defineTask({ name: 'fault', args: Type.Object({ ms: Type.Number() }), retryDelayMs: 20 });

const states = rows(
  'test.faults.states',
  Type.Object({ state: Type.String(), count: Type.Integer() }),
  'SELECT state::text AS state, count(*)::int AS count FROM jobs GROUP BY state ORDER BY state',
);
const clear = command('test.faults.clear', 'DELETE FROM jobs');

describe('faults of RabbitMQ', {
  skip: rabbit ? false : 'there is no rabbitmq-server on this machine',
}, () => {
  let server: TestRabbit;
  let database: TestDatabase;
  before(async () => {
    assert.ok(rabbit);
    server = rabbit;
    database = await createTestDatabase([jobsMigrations]);
  });
  after(async () => {
    await database?.drop();
    await rabbit?.remove();
  });
  beforeEach(async () => {
    await database.db.execute(clear);
  });

  const all = async (state: string, count: number) => {
    await eventually(`${count} are ${state}`, async () => {
      const found = await database.db.query(states);
      return found.every((one) => one.state === state) && found[0]?.count === count ? true : undefined;
    }).catch(async (error) => {
      throw new Error(`${error}: ${JSON.stringify(await database.db.query(states))}`);
    });
  };
  const enqueueSome = async (count: number, ms = 0, keys = 0) => {
    const jobs = Array.from({ length: count }, (_, index) => ({
      args: { ms },
      ...(keys > 0 && index % 2 ? { key: `key ${index % keys}` } : {}),
    }));
    for (let first = 0; first < count; first += 100)
      await enqueueMany(database.db, task, jobs.slice(first, first + 100), { queue });
  };

  /** A broker, a relay and a worker; its handlers write down what they did. */
  const open = async (url: string, parts: { relay?: boolean; worker?: boolean } = {}) => {
    const { db } = database;
    const broker: Broker = openBroker({ url, name: 'faults', log });
    const relay = createRelay({ db, broker, namespace, queues: [queue], log, lostAfterMs: 500 });
    const done = new Map<string, number>();
    const overlaps: string[] = [];
    const holders = new Set<string>();
    const worker: Worker = createWorker({
      db,
      transport: rabbitTransport({ db, broker, namespace, log }),
      log,
      queues: [queue],
      concurrency: 20,
      handlers: [
        handle(task, async ({ ms }, { id, key }) => {
          if (key !== null && holders.has(key)) overlaps.push(key);
          if (key !== null) holders.add(key);
          await new Promise((resolve) => setTimeout(resolve, ms));
          if (key !== null) holders.delete(key);
          done.set(id, (done.get(id) ?? 0) + 1);
        }),
      ],
    });
    if (parts.relay ?? true) await relay.start();
    if (parts.worker ?? true) await worker.start();
    return {
      broker,
      done,
      overlaps,
      close: async () => {
        if (parts.worker ?? true) await worker.stop();
        if (parts.relay ?? true) await relay.stop();
        await broker.close();
      },
    };
  };
  const once = (done: ReadonlyMap<string, number>, count: number) => {
    assert.equal(done.size, count);
    assert.deepEqual(
      [...done].filter(([, times]) => times > 1),
      [],
      'a job was done twice',
    );
  };

  test('it is stopped and started, killed and started, while 1,000 jobs run', async () => {
    const system = await open(server.url);
    await enqueueSome(1_000, 30, 24);
    await eventually('some are done', async () => system.done.size > 100 || undefined);
    await server.stop();
    await enqueueSome(100);
    await server.start();
    await eventually('more are done', async () => system.done.size > 400 || undefined);
    await server.kill();
    await server.start();
    await all('succeeded', 1_100);
    once(system.done, 1_100);
    assert.deepEqual(system.overlaps, []);
    await system.close();
  });

  test('while it is away, jobs are taken in and wait; they flow when it is back', async () => {
    await server.stop();
    const system = await open(server.url);
    await enqueueSome(50);
    await eventually('the keys are looked at', async () => system.broker.up === false || undefined);
    await all('ready', 50);
    assert.equal(system.done.size, 0);
    await server.start();
    await all('succeeded', 50);
    once(system.done, 50);
    await system.close();
  });

  test('its queue is lost with all messages: the rows are sent again', async () => {
    const sender = await open(server.url, { worker: false });
    await enqueueSome(700);
    await all('sent', 700);
    await sender.close();
    const admin = openBroker({ url: server.url, name: 'admin', log });
    await admin.declare((channel) => channel.deleteQueue(carrier));
    await admin.close();
    const system = await open(server.url);
    await all('succeeded', 700);
    once(system.done, 700);
    await system.close();
  });

  test('some messages are lost, from within a queue that goes on', async () => {
    const sender = await open(server.url, { worker: false });
    await enqueueSome(20);
    await all('sent', 20);
    await sender.broker.ask(async (channel) => {
      for (let index = 0; index < 5; index += 1) await channel.get(carrier, { noAck: true });
    });
    // What was sent a second later is the first now.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await sender.broker.ask((channel) => channel.purgeQueue(carrier));
    await enqueueSome(1);
    await eventually('those without a message are sent again', async () => {
      const count = await sender.broker.ask(
        async (channel) => (await channel.checkQueue(carrier)).messageCount,
      );
      return count >= 21 || undefined;
    });
    await sender.close();
    const system = await open(server.url);
    await all('succeeded', 21);
    once(system.done, 21);
    await system.close();
  });

  for (const place of [1, 250])
    test(`a relay is killed when it has claimed 500 jobs and published ${place - 1}`, async () => {
      await enqueueSome(600);
      const doomed = spawnScript(
        import.meta.resolve('../../testing/relay.ts'),
        {},
        { args: [database.url, server.url, namespace, queue, String(place)] },
      );
      assert.equal(await doomed.ended, 'SIGKILL', doomed.output());
      const sent = (await database.db.query(states)).find(({ state }) => state === 'sent');
      assert.equal(sent?.count, 500);
      const system = await open(server.url);
      await all('succeeded', 600);
      once(system.done, 600);
      await system.close();
    });

  test('its connections are cut again and again', async () => {
    const random = seededRandom('connections that are cut');
    const proxy = await openProxy(server.url);
    const system = await open(proxy.url);
    await enqueueSome(600, 20, 24);
    for (let cuts = 0; cuts < 8; cuts += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50 + random.below(300)));
      proxy.cut();
    }
    await all('succeeded', 600);
    once(system.done, 600);
    assert.deepEqual(system.overlaps, []);
    await system.close();
    proxy.close();
  });

  test('a dead letter: its row decides', async () => {
    const system = await open(server.url, { worker: false });
    await enqueueSome(3);
    await all('sent', 3);
    const ids: string[] = [];
    await system.broker.ask(async (channel) => {
      // A row says so before its message is published.
      const message = await eventually(
        'its message lies there',
        async () => (await channel.get(carrier)) || undefined,
      );
      ids.push(message.content.toString());
      channel.nack(message, false, false);
      channel.sendToQueue(carrier, Buffer.from('no job'));
    });
    await eventually('it is sent again', async () => {
      const count = await system.broker.ask(
        async (channel) => (await channel.checkQueue(carrier)).messageCount,
      );
      return count === 4 || undefined;
    });
    await system.close();
    const whole = await open(server.url);
    await all('succeeded', 3);
    once(whole.done, 3);
    assert.ok(whole.done.has(ids[0] ?? ''));
    await whole.close();
  });
});

/** Passes on bytes, until it is told to cut. */
async function openProxy(url: string): Promise<{ url: string; cut(): void; close(): void }> {
  const target = new URL(url);
  const port = Number(target.port);
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((socket) => {
    const upstream = connect(port, target.hostname);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  assert.ok(address && typeof address === 'object');
  target.port = String(address.port);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: target.href,
    cut,
    close: () => {
      cut();
      proxy.close();
    },
  };
}

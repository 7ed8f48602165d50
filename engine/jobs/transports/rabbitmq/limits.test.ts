import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { silentLog as log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  enqueueMany,
  handle,
  jobsMigrations,
  limitQueue,
  limitTask,
  unlimitQueue,
  unlimitTask,
  type Worker,
} from '../../index.ts';
import { startRabbit, type TestRabbit } from '../../testing/rabbitmq.ts';
import { type Broker, createRelay, openBroker, rabbitTransport } from './index.ts';
import { brokerQueue, contentOf } from './topology.ts';

/*
 * Limits that come when messages lie with the broker already, and messages of jobs that wait for a token.
 */

const rabbit = await startRabbit();
const namespace = 'limits';
const queue = 'q';
const carrier = brokerQueue(namespace, queue);
const paced = defineTask({ name: 'paced', args: Type.Object({}) });
const other = defineTask({ name: 'other', args: Type.Object({}) });
const some = (length: number) => Array.from({ length }, () => ({ args: {} }));
const anHour = { limit: 1, perMs: 3_600_000 };

const count = rows(
  'test.rabbit_limits.count',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM jobs WHERE task = $1 AND state = $2::job_state',
);
const idsOf = rows(
  'test.rabbit_limits.ids',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM jobs WHERE task = $1 AND state = $2::job_state ORDER BY id',
);
const clear = command('test.rabbit_limits.clear', 'DELETE FROM jobs');

describe('rate limits by way of RabbitMQ', {
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

  const are = (task: string, state: string, wanted: number) =>
    eventually(`${wanted} of ${task} are ${state}`, async () => {
      const found = await database.db.first(count, [task, state]);
      return found?.count === wanted || undefined;
    });
  const open = () => openBroker({ url: server.url, name: 'limits', log });
  const relaying = async () => {
    const broker = open();
    const relay = createRelay({ db: database.db, broker, namespace, queues: [queue, 'free'], log });
    await relay.start();
    return { broker, relay };
  };
  const working = async (broker: Broker, concurrency = 10): Promise<Worker> => {
    const { db } = database;
    const worker = createWorker({
      db,
      transport: rabbitTransport({ db, broker, namespace, log }),
      log,
      queues: [queue],
      concurrency,
      handlers: [handle(paced, async () => {}), handle(other, async () => {})],
    });
    await worker.start();
    return worker;
  };
  const messages = (broker: Broker) =>
    broker.ask(async (channel) => (await channel.checkQueue(carrier)).messageCount);

  test('a pile that was sent before its queue was limited does not start as a pile', async () => {
    const { db } = database;
    const { broker, relay } = await relaying();
    await enqueueMany(db, paced, some(700), { queue });
    await are(paced.name, 'sent', 700);
    await limitQueue(db, queue, { ...anHour, burst: 3 });
    const worker = await working(broker);
    await are(paced.name, 'ready', 697);
    await are(paced.name, 'succeeded', 3);
    await eventually('the broker has none', async () => (await messages(broker)) === 0 || undefined);
    // Lifted, they go by way of the broker again.
    await unlimitQueue(db, queue);
    await are(paced.name, 'succeeded', 700);
    await worker.stop();
    await relay.stop();
    await broker.close();
  });

  test('the relay sends nothing of a limited queue, and whoever sleeps is woken by a commit', async () => {
    const { db } = database;
    await limitQueue(db, queue, { ...anHour, burst: 2 });
    const { broker, relay } = await relaying();
    const transport = rabbitTransport({ db, broker, namespace, log });
    assert.deepEqual(await transport.claim(queue, '0', 1), []);
    const woken = Promise.withResolvers<void>();
    const stop = await transport.listen((where) => {
      if (where === queue) woken.resolve();
    });
    await transport.sleeps([queue], true);
    await enqueueMany(db, paced, some(5), { queue });
    await woken.promise;
    stop();
    // The relay goes over its queues in turn: what comes later in the other one is sent after a look at this one.
    await enqueueMany(db, other, some(1), { queue: 'free' });
    await are(other.name, 'sent', 1);
    await are(paced.name, 'ready', 5);
    assert.equal(await messages(broker), 0);
    const worker = await working(broker);
    await are(paced.name, 'succeeded', 2);
    await are(paced.name, 'ready', 3);
    await worker.stop();
    await unlimitQueue(db, queue);
    await are(paced.name, 'sent', 3);
    await broker.ask((channel) => channel.purgeQueue(carrier));
    await relay.stop();
    await broker.close();
  });

  test('jobs of a limited task in front of others are put aside; a message of theirs that comes again holds up nobody', async () => {
    const { db } = database;
    const { broker, relay } = await relaying();
    await limitTask(db, paced.name, { ...anHour, burst: 2 });
    await enqueueMany(db, paced, some(100), { queue });
    await enqueueMany(db, other, some(20), { queue });
    const worker = await working(broker, 1);
    await are(other.name, 'succeeded', 20);
    await are(paced.name, 'succeeded', 2);
    await are(paced.name, 'ready', 98);
    for (const { id } of await db.query(idsOf, [paced.name, 'ready']))
      await broker.publish({ routingKey: carrier, content: contentOf(id) });
    await enqueueMany(db, other, some(20), { queue });
    await are(other.name, 'succeeded', 40);
    await are(paced.name, 'ready', 98);
    await unlimitTask(db, paced.name);
    await are(paced.name, 'succeeded', 100);
    await worker.stop();
    await relay.stop();
    await broker.close();
  });
});

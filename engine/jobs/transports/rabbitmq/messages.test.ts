import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { silentLog as log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defineTask, enqueue, enqueueMany, findJob, jobsMigrations } from '../../index.ts';
import { joinWorkers } from '../../store/workers.ts';
import { startRabbit, type TestRabbit } from '../../testing/rabbitmq.ts';
import { type Broker, createRelay, openBroker, rabbitTransport } from './index.ts';
import { NotConfirmed } from './publisher.ts';
import { brokerQueue, contentOf, queueTopology } from './topology.ts';

/*
 * Row and message, step by step: which of them says what when the other one is missing, late, or there twice. The search for lost messages has
 * minutes here, except where it is meant: it would hide what the other guards miss.
 */

const rabbit = await startRabbit();
const namespace = 'messages';
const queue = 'q';
const carrier = brokerQueue(namespace, queue);
const task = defineTask({ name: 'told', args: Type.Object({}) });
const some = (length: number) => Array.from({ length }, () => ({ args: {} }));

const count = rows(
  'test.messages.count',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM jobs WHERE queue = $1 AND state = $2::job_state',
);
const put = command(
  'test.messages.put',
  `UPDATE jobs SET state = $2::job_state, finished_at = now() WHERE id = $1`,
);
const sentLongAgo = command(
  'test.messages.sent_long_ago',
  `INSERT INTO jobs (queue, task, args, state, max_attempts, run_at)
   SELECT $1, 'told', '{}', 'sent', 1, now() - interval '1 hour' + i * interval '1 ms' FROM generate_series(1, $2::integer) AS i`,
);
const clear = command('test.messages.clear', 'DELETE FROM jobs');

describe('rows and messages', {
  skip: rabbit ? false : 'there is no rabbitmq-server on this machine',
}, () => {
  let server: TestRabbit;
  let database: TestDatabase;
  let broker: Broker;
  let worker: string;
  before(async () => {
    assert.ok(rabbit);
    server = rabbit;
    database = await createTestDatabase([jobsMigrations]);
    broker = open();
    await broker.declare(queueTopology(namespace, queue));
    worker = await joinWorkers(database.db, {
      name: 'test',
      queues: [queue],
      repeatable: [],
      presence: null,
      leaseMs: 600_000,
    });
  });
  after(async () => {
    await broker?.close();
    await database?.drop();
    await rabbit?.remove();
  });
  beforeEach(async () => {
    await database.db.execute(clear);
  });

  const open = () => openBroker({ url: server.url, name: 'messages', log });
  const messages = () => broker.ask(async (channel) => (await channel.checkQueue(carrier)).messageCount);
  const are = (state: string, wanted: number, of = queue) =>
    eventually(`${wanted} are ${state}`, async () => {
      const found = await database.db.first(count, [of, state]);
      return found?.count === wanted || undefined;
    });
  const relaying = async (over: Broker, lostAfterMs = 600_000) => {
    const relay = createRelay({
      db: database.db,
      broker: over,
      namespace,
      queues: [queue],
      log,
      lostAfterMs,
    });
    await relay.start();
    return relay;
  };

  test('a message is not acknowledged before the claim of its job is committed', async () => {
    const { db } = database;
    const relay = await relaying(broker);
    const { id } = await enqueue(db, task, {}, { queue });
    await are('sent', 1);
    await relay.stop();
    const own = open();
    let asked = 0;
    const failing: Db = {
      ...db,
      query: (statement, values) => {
        if (statement.name !== 'jobs.rabbit.claim') return db.query(statement, values);
        asked += 1;
        return Promise.reject(new Error('the database is away'));
      },
    };
    const transport = rabbitTransport({ db: failing, broker: own, namespace, log });
    await eventually('it was asked for', async () => {
      await transport.claim(queue, worker, 1).catch(() => {});
      return asked > 0 || undefined;
    });
    // As where its process dies now.
    await own.close();
    await eventually('the message is there again', async () => (await messages()) === 1 || undefined);
    const other = open();
    const living = rabbitTransport({ db, broker: other, namespace, log });
    const [job] = await eventually('it is claimed', async () => {
      const jobs = await living.claim(queue, worker, 1);
      return jobs.length > 0 ? jobs : undefined;
    });
    assert.equal(job?.id, id);
    await other.close();
    assert.equal(await messages(), 0, 'claimed, it is acknowledged');
  });

  test('jobs whose messages are not confirmed are sent again, and not left to the search', async () => {
    const { db } = database;
    const refused = new Set<string>();
    const relay = await relaying({
      ...broker,
      get up() {
        return broker.up;
      },
      publish: async (message) => {
        const id = message.content.toString();
        if (refused.has(id)) return broker.publish(message);
        refused.add(id);
        throw new NotConfirmed('The broker did not confirm a message.');
      },
    });
    await enqueueMany(db, task, some(20), { queue });
    await eventually('all are with the broker', async () => (await messages()) === 20 || undefined);
    await are('sent', 20);
    assert.equal(refused.size, 20);
    await relay.stop();
    await broker.ask((channel) => channel.purgeQueue(carrier));
  });

  test('a message gets its job from the two states that wait, and from no other', async () => {
    const { db } = database;
    const over = open();
    const transport = rabbitTransport({ db, broker: over, namespace, log });
    await transport.claim(queue, worker, 1);
    for (const state of ['scheduled', 'waiting', 'retrying', 'succeeded', 'failed', 'dead', 'cancelled']) {
      const { id } = await enqueue(db, task, {}, { queue });
      const { id: next } = await enqueue(db, task, {}, { queue });
      await db.execute(put, [id, state]);
      for (const told of [id, next]) await broker.publish({ routingKey: carrier, content: contentOf(told) });
      const jobs = await eventually(`the one behind ${state} is claimed`, async () => {
        const claimed = await transport.claim(queue, worker, 2);
        return claimed.length > 0 ? claimed : undefined;
      });
      assert.deepEqual(
        jobs.map((job) => job.id),
        [next],
        state,
      );
      assert.partialDeepStrictEqual(await findJob(db, id), { state, attempts: 0 });
    }
    // In hand already: a second message does not begin it again.
    const { id } = await enqueue(db, task, {}, { queue });
    const { id: next } = await enqueue(db, task, {}, { queue });
    for (const told of [id, id, next])
      await broker.publish({ routingKey: carrier, content: contentOf(told) });
    const claimed: string[] = [];
    await eventually('both are claimed', async () => {
      claimed.push(...(await transport.claim(queue, worker, 1)).map((job) => job.id));
      return claimed.includes(next) || undefined;
    });
    assert.deepEqual(claimed, [id, next]);
    assert.partialDeepStrictEqual(await findJob(db, id), { state: 'running', attempts: 1 });
    await over.close();
    assert.equal(await messages(), 0);
  });

  test('what is lost is found behind 55,000 older jobs of another queue, which stay as they are', async () => {
    const { db } = database;
    await db.execute(sentLongAgo, ['elsewhere', 55_000]);
    await enqueueMany(db, task, some(10), { queue });
    const relay = await relaying(broker, 300);
    await eventually('all are with the broker', async () => (await messages()) === 10 || undefined);
    await broker.ask((channel) => channel.purgeQueue(carrier));
    await eventually('they are sent again', async () => (await messages()) === 10 || undefined);
    await are('sent', 55_000, 'elsewhere');
    await relay.stop();
  });
});

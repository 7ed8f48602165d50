import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLog, silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, spawnScript, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createWorker, defineTask, enqueueMany, handle, jobsMigrations } from '../../index.ts';
import { namespace } from '../../testing/fire/process.ts';
import { startRabbit, type TestRabbit } from '../../testing/rabbitmq.ts';
import { connectTo, hangUp } from './connection.ts';
import { NotInTime, within } from './failures.ts';
import { createRelay, openBroker, rabbitTransport } from './index.ts';
import { brokerQueue, queueTopology } from './topology.ts';

/*
 * A broker that was killed directly after a quorum queue was declared has the queue, without a leader: nothing that is asked of it is answered.
 */

const started = await startRabbit();
const task = defineTask({ name: 'heal', args: Type.Object({}) });
const states = rows(
  'test.heal.states',
  Type.Object({ queue: Type.String(), state: Type.String(), count: Type.Integer() }),
  'SELECT queue, state::text AS state, count(*)::int AS count FROM jobs GROUP BY queue, state ORDER BY queue, state',
);

describe('queues of RabbitMQ that do not answer', {
  skip: started ? false : 'there is no rabbitmq-server on this machine',
}, () => {
  let rabbit: TestRabbit;
  let database: TestDatabase;
  before(async () => {
    assert.ok(started);
    rabbit = started;
    database = await createTestDatabase([jobsMigrations]);
  });
  after(async () => {
    await database?.drop();
    await started?.remove();
  });

  /** `sound` is in order, and `stuck` is declared and has no leader. */
  const breakQueue = async (sound: string, stuck: string) => {
    for (let tries = 0; tries < 10; tries += 1) {
      const model = await connectTo(rabbit.url, 'breaks a queue');
      model.on('error', () => {});
      const channel = await model.createConfirmChannel();
      await queueTopology(namespace, sound)(channel);
      // What is confirmed is on disk, and so is the queue.
      channel.sendToQueue(brokerQueue(namespace, sound), Buffer.from('1'), { persistent: true });
      await channel.waitForConfirms();
      await queueTopology(namespace, stuck)(channel);
      await rabbit.kill();
      await hangUp(model);
      await rabbit.start();
      const next = await connectTo(rabbit.url, 'looks at a queue');
      next.on('error', () => {});
      try {
        const looking = await next.createChannel();
        looking.on('error', () => {});
        await looking.checkQueue(brokerQueue(namespace, stuck));
        await within(3_000, looking.get(brokerQueue(namespace, stuck)));
        await looking.deleteQueue(brokerQueue(namespace, stuck));
      } catch (error) {
        if (error instanceof NotInTime) return;
      } finally {
        await hangUp(next);
      }
    }
    throw new Error('No queue lost its leader.');
  };
  const listening = () => {
    const lines: string[] = [];
    const log = createLog({ service: 'test', level: 'warn' }, { write: (line) => void lines.push(line) });
    return { log, said: (text: string) => lines.filter((line) => line.includes(text)) };
  };

  test('a worker ends when it is told to, though the broker answers nothing', async () => {
    await breakQueue('sound', 'stuck');
    const worker = spawnScript(
      import.meta.resolve('../../testing/fire/process.ts'),
      {},
      {
        args: [
          JSON.stringify({
            role: 'worker',
            database: database.url,
            broker: rabbit.url,
            queues: ['stuck', 'sound'],
            leaseMs: 5_000,
            concurrency: 2,
          }),
        ],
      },
    );
    const broker = openBroker({ url: rabbit.url, name: 'test', log: silentLog });
    await eventually(
      'it consumes',
      () =>
        broker
          .ask(async (channel) => (await channel.checkQueue(brokerQueue(namespace, 'sound'))).consumerCount)
          .then(
            (count) => count > 0 || undefined,
            () => undefined,
          ),
      30_000,
    );
    await broker.close();
    worker.child.kill('SIGTERM');
    assert.equal(await within(20_000, worker.ended).finally(() => worker.child.kill('SIGKILL')), 0);
  });

  test('a queue whose messages may be lost is deleted and made anew, and its jobs are done', async () => {
    const { db } = database;
    await breakQueue('well', 'ill');
    const { log, said } = listening();
    const queues = ['ill', 'well'];
    const brokers = [1, 2, 3].map(() => openBroker({ url: rabbit.url, name: 'test', log }));
    const parts = brokers.map((broker, index) =>
      index === 0
        ? createRelay({ db, broker, namespace, queues, log, lostAfterMs: 2_000 })
        : createWorker({
            db,
            transport: rabbitTransport({ db, broker, namespace, log }),
            log,
            queues,
            concurrency: 5,
            handlers: [handle(task, async () => {})],
          }),
    );
    for (const part of parts) await part.start();
    for (const queue of queues) await enqueueMany(db, task, Array(50).fill({ args: {} }), { queue });
    try {
      await eventually(
        'all are done',
        async () => {
          const found = await db.query(states);
          return found.length === 2 && found.every(({ state }) => state === 'succeeded') ? true : undefined;
        },
        60_000,
      );
      const deletions = said('it was deleted and is declared anew').filter((line) => line.includes('.ill"'));
      assert.equal(deletions.length, 1, 'of two workers one deletes it');
    } finally {
      for (const part of parts) await part.stop();
      await Promise.all(brokers.map((broker) => broker.close()));
    }
  });

  test('a queue whose messages are nowhere else is left alone, and other queues of the connection go on', async () => {
    await breakQueue('free', 'kept');
    const { log, said } = listening();
    const broker = openBroker({ url: rabbit.url, name: 'test', log });
    const got: string[] = [];
    const kept = broker.consume(brokerQueue(namespace, 'kept'), { prefetch: 1, onMessage: () => {} });
    const free = broker.consume(brokerQueue(namespace, 'free'), {
      prefetch: 1,
      onMessage: (delivery) => {
        got.push(delivery.content.toString());
        delivery.ack();
      },
    });
    await eventually(
      'it says so',
      async () => said('delete it at the broker').length > 0 || undefined,
      40_000,
    );
    await broker.publish({ routingKey: brokerQueue(namespace, 'free'), content: Buffer.from('2') });
    await eventually('it goes on', async () => got.includes('2') || undefined, 20_000);
    const found = await broker.ask((channel) => channel.checkQueue(brokerQueue(namespace, 'kept')));
    assert.equal(found.consumerCount, 0);
    const begun = performance.now();
    await Promise.all([kept.close(), free.close()]);
    await broker.close();
    assert.ok(performance.now() - begun < 15_000, 'a stop waits for no answer');
  });
});

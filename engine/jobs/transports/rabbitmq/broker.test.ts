import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { eventually } from '@labwright/kernel/testing';
import { startRabbit, type TestRabbit } from '../../testing/rabbitmq.ts';
import { pauseMs } from './failures.ts';
import { askAdmission, type Broker, openBroker } from './index.ts';

const started = await startRabbit();
const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

describe('a connection to RabbitMQ', {
  skip: started ? false : 'there is no rabbitmq-server on this machine',
}, () => {
  let rabbit: TestRabbit;
  let broker: Broker;
  before(async () => {
    assert.ok(started);
    rabbit = started;
    broker = openBroker({ url: rabbit.url, name: 'test', log: silentLog });
    await broker.declare((channel) => channel.assertQueue('a', quorum));
  });
  after(async () => {
    await broker?.close();
    await started?.remove();
  });

  const count = (queue: string) =>
    broker.ask(async (channel) => (await channel.checkQueue(queue)).messageCount).catch(() => undefined);
  const send = (queue: string, text: string) =>
    broker.publish({ routingKey: queue, content: Buffer.from(text) });

  test('what is confirmed is delivered, to no more at once than the prefetch', async () => {
    const got: string[] = [];
    const acks: (() => void)[] = [];
    await Promise.all(['1', '2', '3'].map((text) => send('a', text)));
    const consumer = broker.consume('a', {
      prefetch: 2,
      onMessage: (delivery) => {
        got.push(delivery.content.toString());
        acks.push(() => delivery.ack());
      },
    });
    await eventually('two are delivered', async () => (got.length === 2 ? true : undefined));
    assert.equal(await count('a'), 1);
    for (const ack of acks.splice(0)) ack();
    await eventually('the third is delivered', async () => (got.length === 3 ? true : undefined));
    for (const ack of acks) ack();
    assert.deepEqual(got, ['1', '2', '3']);
    await consumer.close();
    assert.equal(await count('a'), 0);
  });

  test('a broker that refuses is no broker that is away: the user, or the virtual host, is named', async () => {
    const url = (change: (url: URL) => void) => {
      const changed = new URL(rabbit.url);
      change(changed);
      return changed.href;
    };
    assert.equal(await askAdmission(rabbit.url, 'test'), true);
    assert.equal(
      await askAdmission(
        url((one) => {
          one.port = '1';
        }),
        'test',
      ),
      false,
    );
    const wrong = url((one) => {
      one.username = 'guest';
      one.password = 'not this one';
    });
    await assert.rejects(askAdmission(wrong, 'test'), ({ message }: Error) => {
      assert.match(message, /RabbitMQ at 127\.0\.0\.1:\d+ does not let "guest" in/);
      assert.doesNotMatch(message, /not this one|not%20this/);
      return true;
    });
    const nowhere = url((one) => {
      one.pathname = '/nowhere';
    });
    await assert.rejects(askAdmission(nowhere, 'test'), /has no virtual host "nowhere" for this user/);
  });

  test('a message that no queue takes is not confirmed, and the channel goes on', async () => {
    await assert.rejects(send('nobody', 'x'), /No queue takes a message for nobody/);
    await assert.rejects(
      broker.publish({ exchange: 'no such', routingKey: 'a', content: Buffer.from('x') }),
      { name: 'NotConfirmed' },
    );
    await eventually('it sends again', () =>
      send('a', 'x').then(
        () => true,
        () => undefined,
      ),
    );
    await broker.ask((channel) => channel.purgeQueue('a'));
  });

  test('a queue that the broker refuses is said', async () => {
    await assert.rejects(
      broker.declare((channel) => channel.assertQueue('a', { durable: true })),
      /PRECONDITION_FAILED/,
    );
  });

  test('a queue that is deleted under its consumer is made again', async () => {
    const got: string[] = [];
    const consumer = broker.consume('a', {
      prefetch: 5,
      onMessage: (delivery) => {
        got.push(delivery.content.toString());
        delivery.ack();
      },
    });
    await broker.ask((channel) => channel.deleteQueue('a'));
    await eventually('a message gets through', async () => {
      await send('a', 'again').catch(() => {});
      return got.includes('again') || undefined;
    });
    await consumer.close();
  });

  for (const [how, end] of [
    ['stops', () => rabbit.stop()],
    ['is killed', () => rabbit.kill()],
  ] as const)
    test(`a broker that ${how} and comes back has what it confirmed; its consumers go on`, async () => {
      await broker.ask((channel) => channel.purgeQueue('a'));
      let lost = 0;
      const got = new Set<string>();
      await Promise.all(['1', '2', '3'].map((text) => send('a', text)));
      const consumer = broker.consume('a', {
        prefetch: 2,
        onMessage: (delivery) => {
          got.add(delivery.content.toString());
          if (lost > 0) delivery.ack();
        },
        onLost: () => {
          lost += 1;
        },
      });
      await eventually('two are in hand', async () => got.size === 2 || undefined);
      await end();
      await eventually('it is told', async () => lost > 0 || undefined);
      await assert.rejects(send('a', '4'), { name: 'NotConfirmed' });
      await assert.rejects(
        broker.ask((channel) => channel.checkQueue('a')),
        { name: 'BrokerAway' },
      );
      got.clear();
      await rabbit.start();
      await eventually('all are delivered again', async () => got.size === 3 || undefined);
      await send('a', '4');
      await eventually('it goes on', async () => got.has('4') || undefined);
      await consumer.close();
    });

  test('who consumes while a new connection is being arranged has one line to the queue, and all that comes over it', async () => {
    const own = openBroker({ url: rabbit.url, name: 'arranging', log: silentLog });
    const begun = Promise.withResolvers<void>();
    const got: string[] = [];
    const slow = own.declare(async (channel) => {
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await channel.assertQueue('arranged', quorum);
    });
    await begun.promise;
    await broker.declare((channel) => channel.assertQueue('arranged', quorum));
    own.consume('arranged', {
      prefetch: 3,
      onMessage: (delivery) => {
        got.push(delivery.content.toString());
        delivery.ack();
      },
    });
    await slow;
    // A second line would begin about now, and each of the two get every other message.
    for (let i = 1; i <= 20; i += 1) {
      await send('arranged', String(i));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await eventually('all are delivered', async () => got.length === 20 || undefined, 20_000);
    const { consumerCount } = await broker.ask((channel) => channel.checkQueue('arranged'));
    assert.equal(consumerCount, 1);
    await own.close();
  });

  test('it may be closed while the broker is away', async () => {
    const away = openBroker({ url: 'amqp://127.0.0.1:1', name: 'test', log: silentLog });
    const declared = away.declare((channel) => channel.assertQueue('a', quorum));
    await away.close();
    await assert.rejects(declared, { name: 'BrokerAway' });
  });
});

test('pauses grow to five seconds, and vary', () => {
  assert.deepEqual(
    [0, 1, 5, 1_000].map((failures) => pauseMs(failures, 1)),
    [100, 200, 3_200, 5_000],
  );
  assert.equal(pauseMs(1_000, 0), 2_500);
});

test('an address that is none is said', () => {
  assert.throws(() => openBroker({ url: 'http://x', name: 'test', log: silentLog }), /has the form amqp:/);
});

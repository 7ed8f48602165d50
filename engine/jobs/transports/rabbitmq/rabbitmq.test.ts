import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase } from '@labwright/kernel/testing';
import { testTransport } from '../../conformance/index.ts';
import { jobsMigrations } from '../../index.ts';
import { startRabbit } from '../../testing/rabbitmq.ts';
import { createRelay, openBroker, rabbitTransport } from './index.ts';

const rabbit = await startRabbit();

if (rabbit)
  testTransport('RabbitMQ', async () => {
    const database = await createTestDatabase([jobsMigrations]);
    const { db } = database;
    const log = silentLog;
    const namespace = 'test';
    const open = () => openBroker({ url: rabbit.url, name: 'test', log });
    const brokers = [open()];
    return {
      db,
      open: () => {
        const broker = open();
        brokers.push(broker);
        return rabbitTransport({ db, broker, namespace, log });
      },
      carry: async (queue) => {
        const broker = open();
        const relay = createRelay({ db, broker, namespace, queues: [queue], log });
        await relay.start();
        return async () => {
          await relay.stop();
          await broker.close();
        };
      },
      close: async () => {
        await Promise.all(brokers.map((broker) => broker.close()));
        await database.drop();
        await rabbit.remove();
      },
    };
  });
else test('jobs by way of RabbitMQ', { skip: 'there is no rabbitmq-server on this machine' }, () => {});

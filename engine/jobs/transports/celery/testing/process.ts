/**
 * A worker of ours in a process of its own, which has Celery carry out its jobs, for tests that kill it:
 * `process.ts DATABASE BROKER QUEUE`, where QUEUE is that of the jobs and of Celery.
 */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { createWorker } from '../../../index.ts';
import { postgresTransport } from '../../postgres/index.ts';
import { openBroker } from '../../rabbitmq/index.ts';
import { celeryBridge, celeryHandler } from '../index.ts';
import { spin } from './tasks.ts';

const [, , url = '', brokerUrl = '', queue = ''] = process.argv;
const db = openDb({ url, applicationName: 'celery bridge', max: 4 });
const broker = openBroker({ url: brokerUrl, name: 'celery bridge', log: silentLog });
const bridge = celeryBridge({ db, broker, log: silentLog });
const worker = createWorker({
  db,
  transport: postgresTransport(db),
  log: silentLog,
  queues: [queue],
  leaseMs: 1_500,
  handlers: [celeryHandler(spin, { bridge, queue })],
});
await bridge.start();
await worker.start();
process.stdout.write('ready\n');

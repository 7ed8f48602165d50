/**
 * A relay in a process of its own that dies (SIGKILL) when it has claimed jobs for sending and is about to publish one of
 * them: `relay.ts DATABASE BROKER NAMESPACE QUEUE PLACE`, where PLACE counts its messages from 1.
 */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { createRelay, openBroker } from '../transports/rabbitmq/index.ts';

const [url = '', brokerUrl = '', namespace = '', queue = '', place = ''] = process.argv.slice(2);
const broker = openBroker({ url: brokerUrl, name: 'relay that dies', log: silentLog });
let published = 0;
const relay = createRelay({
  db: openDb({ url, applicationName: 'relay that dies', max: 3 }),
  broker: {
    ...broker,
    get up() {
      return broker.up;
    },
    publish: (message) => {
      published += 1;
      if (published < Number(place)) return broker.publish(message);
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => {});
    },
  },
  namespace,
  queues: [queue],
  log: silentLog,
});
await relay.start();

import type { Log } from '@labwright/kernel/log';
import { type Broker, BrokerAway, type Topology } from './broker.ts';

/** Deliveries of one message until it is taken out of the line. A worker that has no room hands messages back now and then. */
const mostDeliveries = 500;

const deadExchange = 'labwright.dead';

/**
 * Each database has a namespace of its own on the broker: ids of jobs mean nothing elsewhere. Throws where it is none.
 */
export function checkNamespace(namespace: string): void {
  if (!/^[A-Za-z0-9_-]{1,50}$/.test(namespace))
    throw new Error(`"${namespace}" is no namespace on a broker: 1 to 50 letters, digits, "_" and "-".`);
}

export const brokerQueue = (namespace: string, queue: string): string => `labwright.${namespace}.${queue}`;
export const deadQueue = (namespace: string): string => `labwright.dead.${namespace}`;

/** The queue that carries a queue of jobs, and where its messages go that nobody can take. */
export const queueTopology =
  (namespace: string, queue: string): Topology =>
  async (channel) => {
    await channel.assertExchange(deadExchange, 'topic', { durable: true });
    await channel.assertQueue(deadQueue(namespace), {
      durable: true,
      arguments: { 'x-queue-type': 'quorum' },
    });
    await channel.bindQueue(deadQueue(namespace), deadExchange, `labwright.${namespace}.#`);
    await channel.assertQueue(brokerQueue(namespace, queue), {
      durable: true,
      deadLetterExchange: deadExchange,
      arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': mostDeliveries },
    });
  };

/** Made in its time; a worker does not wait for it. */
export function declareQueue(broker: Broker, namespace: string, queue: string, log: Log): void {
  broker.declare(queueTopology(namespace, queue)).catch((error) => {
    // Closed before the broker ever came, which is nobody's fault.
    if (!(error instanceof BrokerAway))
      log.error({ err: error, queue }, 'the queue cannot be had at the broker');
  });
}

/** What a message says: the id of a job, and no more. The row says the rest. */
export const contentOf = (id: string): Buffer => Buffer.from(id);

/** Undefined where the message is not one of ours. */
export function idIn(content: Buffer): string | undefined {
  const text = content.toString('latin1');
  return /^[1-9]\d{0,17}$/.test(text) ? text : undefined;
}

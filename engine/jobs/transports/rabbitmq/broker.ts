import type { Log } from '@labwright/kernel/log';
import type { Channel, ChannelModel } from 'amqplib';
import { connectMs, connectTo, hangUp, onChannel, socketOf } from './connection.ts';
import { type Consumer, type ConsumerOptions, keepConsumer } from './consumer.ts';
import { isRefusal, pauseMs, within } from './failures.ts';
import { healQueue } from './heal.ts';
import { createPublisher, type Message } from './publisher.ts';

/**
 * One connection to RabbitMQ, made again whenever it is lost:
 *
 *     away ──connected, topology made──► up ──the connection is lost──► away (pauses grow from 100 ms to 5 s, and vary)
 *       └──────────────── close ──────────┴──► closed
 *
 * What lies with the broker outlives a connection; what was in hand does not: an unconfirmed message may or may not have
 * arrived, and an unacknowledged delivery comes again.
 */
export interface Broker {
  /** True while connected. It may be lost in the next moment: only for those who would rather not try. */
  readonly up: boolean;
  /**
   * Resolves once the broker has the message on disk (on most of the nodes of a quorum queue). Rejects with `NotConfirmed`
   * where that is not known: away, lost, refused, no queue takes it, or not within 30 s. The caller may send it again.
   */
  publish(message: Message): Promise<void>;
  /**
   * Makes queues, exchanges and bindings: now, and again after each new connection. Resolves once they were made for the
   * first time, which waits for a broker that is away; rejects where the broker refuses them, and when closed first.
   */
  declare(topology: Topology): Promise<void>;
  /** Delivers from a queue until it is closed, over every new connection. The queue has to be declared before. */
  consume(queue: string, options: ConsumerOptions): Consumer;
  /** Asks something on a channel of its own. Rejects where the broker is away, or says no. */
  ask<T>(question: (channel: Channel) => Promise<T>): Promise<T>;
  /** Calls `listener` after each connection that was made, and at once where there is one. Answers how to end that. */
  onUp(listener: () => void): () => void;
  /** Ends the consumers and the connection; what is unacknowledged goes to others. Waits some seconds at most for a broker that does not answer. */
  close(): Promise<void>;
}

export type Topology = (channel: Channel) => Promise<unknown>;

export interface BrokerOptions {
  /** `amqp://` or `amqps://`; with `heartbeat`, in seconds, in its query where 10 is not right. */
  url: string;
  /** What the broker's administrator sees. */
  name: string;
  log: Log;
}

/** There is no connection now, or none any more. */
export class BrokerAway extends Error {
  override readonly name = 'BrokerAway';
}

/** Answers at once and connects by itself, now and whenever the connection is lost. Throws where the URL is none. */
export function openBroker(options: BrokerOptions): Broker {
  const { log } = options;
  const url = withHeartbeat(options.url);
  const topologies = new Map<Topology, PromiseWithResolvers<void>>();
  const consumers = new Set<ReturnType<typeof keepConsumer>>();
  const listeners = new Set<() => void>();
  const publisher = createPublisher(log);
  const stop = new AbortController();
  const stopped = Promise.withResolvers<undefined>();
  let up: ChannelModel | undefined;

  const make = async (model: ChannelModel, topology: Topology) => {
    const made = topologies.get(topology);
    try {
      await onChannel(model, topology);
      made?.resolve();
    } catch (error) {
      // Refused: asked again, it would be refused again. Lost: it is made over the next connection.
      if (isRefusal(error)) {
        log.error({ err: error }, 'the broker refuses a queue as it is declared here; delete or migrate it');
        made?.reject(error);
      }
    }
  };

  /** All that there has to be on a connection. */
  const arrange = async (model: ChannelModel, isOver: () => boolean) => {
    await publisher.attach(model);
    if (isOver()) return;
    up = model;
    for (const topology of topologies.keys()) await make(model, topology);
    if (up !== model) return;
    for (const consumer of consumers) consumer.attach(model);
    for (const listener of listeners) listener();
  };

  /** Holds one connection until it is lost. */
  const connectOnce = async () => {
    const connecting = connectTo(url, options.name);
    const model = await Promise.race([connecting, stopped.promise]);
    if (!model) {
      connecting.then(hangUp).catch(() => {});
      return;
    }
    // Emitted as well as `close`; without a listener it would end the process.
    model.on('error', (error) => log.debug({ err: error }, 'the connection to the broker had an error'));
    model.on('blocked', (reason) => log.warn({ reason }, 'the broker takes nothing more for now'));
    const lost = new Promise<void>((resolve) => {
      model.on('close', () => resolve());
      // Whatever the library makes of it.
      socketOf(model)?.once('close', () => resolve());
      stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    let over = false;
    try {
      if (stop.signal.aborted) return;
      // An answer that the loss of the connection swallowed never comes.
      const arrangements = arrange(model, () => over);
      arrangements.catch(() => {});
      await within(connectMs, Promise.race([arrangements, lost]));
      await lost;
      if (!stop.signal.aborted) log.warn('the connection to the broker is lost; it is made again');
    } finally {
      over = true;
      up = undefined;
      publisher.detach();
      await Promise.all([...consumers].map((consumer) => consumer.detach()));
      await hangUp(model);
    }
  };

  const keepConnected = async () => {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        await connectOnce();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1 || failures % 20 === 0)
          log.warn({ err: error, failures }, 'the broker cannot be reached; it is tried again');
      }
      if (stop.signal.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs(failures));
        stop.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };

  const keeping = keepConnected();

  return {
    get up() {
      return up !== undefined;
    },
    publish: (message) => publisher.publish(message),
    declare: (topology) => {
      if (stop.signal.aborted)
        return Promise.reject(new BrokerAway('The connection to the broker is closed.'));
      const made = Promise.withResolvers<void>();
      made.promise.catch(() => {});
      topologies.set(topology, made);
      if (up) void make(up, topology);
      return made.promise;
    },
    consume: (queue, consumerOptions) => {
      const consumer = keepConsumer(queue, consumerOptions, {
        log,
        redeclare: async (model) => {
          for (const topology of topologies.keys()) await make(model, topology);
        },
        heal: () =>
          healQueue(queue, {
            url,
            name: options.name,
            disposable: consumerOptions.disposable ?? false,
            log,
            signal: stop.signal,
          }),
        forget: () => consumers.delete(consumer),
      });
      consumers.add(consumer);
      if (up) consumer.attach(up);
      return consumer;
    },
    ask: async (question) => {
      if (!up) throw new BrokerAway('The broker cannot be reached now.');
      return onChannel(up, question);
    },
    onUp: (listener) => {
      listeners.add(listener);
      if (up) listener();
      return () => void listeners.delete(listener);
    },
    close: async () => {
      stop.abort();
      stopped.resolve(undefined);
      for (const { reject } of topologies.values())
        reject(new BrokerAway('The connection to the broker is closed.'));
      await keeping;
      publisher.close();
    },
  };
}

function withHeartbeat(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['amqp:', 'amqps:'].includes(url.protocol))
    throw new Error('The address of RabbitMQ has the form amqp://user:password@host:5672/vhost.');
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', '10');
  return url.href;
}

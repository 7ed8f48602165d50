import type { Log } from '@labwright/kernel/log';
import type { Channel, ChannelModel, ConsumeMessage, Options } from 'amqplib';
import { closeMs, isRefusal, NotInTime, pauseMs, within } from './failures.ts';
import { answerMs, type Health } from './heal.ts';

export interface Delivery {
  readonly content: Buffer;
  readonly properties: ConsumeMessage['properties'];
  readonly redelivered: boolean;
  /** Done with it, and with all that were delivered before it where `andBefore`. Does nothing once the connection is lost. */
  ack(andBefore?: boolean): void;
  /** Not for us: it is delivered again, or goes to the dead letters. Does nothing once the connection is lost. */
  reject(requeue: boolean): void;
}

export interface ConsumerOptions {
  /** Deliveries in hand at once. */
  prefetch: number;
  onMessage(delivery: Delivery): void;
  /** What was delivered and is not acknowledged will come again: forget it. */
  onLost?(): void;
  consume?: Options.Consume;
  /** What lies in the queue may be lost, for it is known elsewhere too: where the queue does not answer, it is deleted and declared anew. */
  disposable?: boolean;
}

export interface Consumer {
  /** What is unacknowledged goes to others, and nothing more is delivered. */
  close(): Promise<void>;
}

/** Until a queue is looked after again that could not be healed. */
const stuckMs = 30_000;

/**
 * Consumes over each connection that it is attached to, and again where the broker ends it (a queue was deleted):
 *
 *     asking ──answered──► consuming ──ended by the broker──► asking (pauses grow from 100 ms to 5 s)
 *       │  ▲
 *       │  └──it answers, or was deleted──┐
 *       └──no answer within 5 s──► healing, over another connection ──stuck──► healing 30 s later
 *
 * An unanswered question ends the whole connection a minute later: it is not asked again there before the queue is known to answer.
 */
export function keepConsumer(
  queue: string,
  options: ConsumerOptions,
  around: {
    log: Log;
    redeclare(model: ChannelModel): Promise<void>;
    heal(): Promise<Health>;
    forget(): void;
  },
): Consumer & { attach(model: ChannelModel): void; detach(): Promise<void> } {
  let model: ChannelModel | undefined;
  let channel: Channel | undefined;
  let answered = false;
  let suspect = false;
  let endPause = () => {};

  const forget = (own: Channel) => {
    if (channel !== own) return;
    channel = undefined;
    options.onLost?.();
  };

  const consumeOnce = async (over: ChannelModel) => {
    const own = await over.createChannel();
    const gone = new Promise<void>((resolve) => own.once('close', resolve));
    own.on('error', (error) =>
      around.log.warn({ err: error, queue }, 'the broker closed the channel of a consumer'),
    );
    if (model !== over) {
      own.close().catch(() => {});
      return;
    }
    channel = own;
    answered = false;
    const asked = async () => {
      await own.prefetch(options.prefetch);
      await own.consume(
        queue,
        (message) => {
          if (message === null) own.close().catch(() => {});
          else if (channel === own) options.onMessage(delivery(own, message));
        },
        options.consume,
      );
    };
    try {
      await within(answerMs, Promise.race([asked(), gone]));
      answered = true;
      await gone;
    } finally {
      forget(own);
      const closed = own.close().catch(() => {});
      if (answered) await within(closeMs, closed).catch(() => {});
    }
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const consume = async (over: ChannelModel) => {
    for (let failures = 0; model === over; failures += 1) {
      if (failures > 0) await pause(pauseMs(failures));
      while (suspect && model === over) {
        const health = await around.heal();
        suspect = health === 'stuck' || health === 'unknown';
        if (suspect && model === over) await pause(health === 'stuck' ? stuckMs : pauseMs(failures));
        failures += 1;
      }
      if (failures > 0) {
        if (model !== over) return;
        await around.redeclare(over);
      }
      const begun = performance.now();
      try {
        await consumeOnce(over);
      } catch (error) {
        if (error instanceof NotInTime && model === over) suspect = true;
        if (model === over && isRefusal(error))
          around.log.warn({ err: error, queue }, 'the broker lets nobody consume; it is tried again');
      }
      if (performance.now() - begun > 10_000) failures = 0;
    }
  };

  const detach = async () => {
    model = undefined;
    endPause();
    const last = channel;
    if (!last) return;
    forget(last);
    const closed = last.close().catch(() => {});
    // Who did not answer a question answers no farewell.
    if (answered) await within(closeMs, closed).catch(() => {});
  };

  return {
    attach: (over) => {
      // Who begins while a new connection is being arranged is told of it twice. Of two lines one would be forgotten, with what it was given.
      if (model === over) return;
      model = over;
      // Where an earlier one still waits for an answer that never comes, it is forgotten.
      consume(over).catch((error) => around.log.error({ err: error, queue }, 'a consumer failed'));
    },
    detach,
    close: async () => {
      around.forget();
      await detach();
    },
  };
}

function delivery(channel: Channel, message: ConsumeMessage): Delivery {
  // A channel that is closed throws: the broker gives its messages to others anyway.
  const answer = (say: () => void) => {
    try {
      say();
    } catch {}
  };
  return {
    content: message.content,
    properties: message.properties,
    redelivered: message.fields.redelivered,
    ack: (andBefore = false) => answer(() => channel.ack(message, andBefore)),
    reject: (requeue) => answer(() => channel.nack(message, false, requeue)),
  };
}

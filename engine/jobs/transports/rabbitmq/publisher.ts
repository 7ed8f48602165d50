import type { Log } from '@labwright/kernel/log';
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';

export interface Message {
  /** The default exchange, which takes the name of a queue as routing key, where none is named. */
  exchange?: string;
  routingKey: string;
  content: Buffer;
  /** It is persistent, and refused where no queue takes it, unless said otherwise here. */
  properties?: Options.Publish;
}

/** The broker did not say that it has the message: it may have it, or not. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
  /** `no`: certainly no queue has it. */
  readonly arrived: 'no' | 'unknown';
  constructor(message: string, options: ErrorOptions & { arrived?: 'no' } = {}) {
    super(message, options);
    this.arrived = options.arrived ?? 'unknown';
  }
}

/** Milliseconds that a confirm may take. */
const confirmMs = 30_000;

interface Pending {
  readonly at: number;
  returned: boolean;
  readonly reject: (error: Error) => void;
}

export interface Publisher {
  publish(message: Message): Promise<void>;
  attach(model: ChannelModel): Promise<void>;
  detach(): void;
  close(): void;
}

/** Publishes on one channel with confirms, which is opened anew where the broker closes it. */
export function createPublisher(log: Log): Publisher {
  let current: ConfirmChannel | undefined;
  // In the order in which they were sent; by message id, for that is what tells which one came back.
  const pending = new Map<string, Pending>();
  let count = 0;
  const prefix = `${process.pid.toString(36)}-${Date.now().toString(36)}-`;

  const sweep = setInterval(() => {
    const late = performance.now() - confirmMs;
    for (const [id, one] of pending) {
      if (one.at > late) return;
      pending.delete(id);
      one.reject(new NotConfirmed(`The broker did not confirm a message within ${confirmMs / 1_000} s.`));
    }
  }, 1_000).unref();

  const open = async (model: ChannelModel): Promise<void> => {
    const channel = await model.createConfirmChannel();
    channel.on('error', (error) => log.warn({ err: error }, 'the broker closed the channel of a publisher'));
    // A message that no queue takes comes back, and then is confirmed.
    channel.on('return', ({ properties }) => {
      const one = pending.get(String(properties.messageId));
      if (one) one.returned = true;
    });
    channel.on('close', () => {
      if (current !== channel) return;
      current = undefined;
      open(model).catch(() => {});
    });
    current = channel;
  };

  return {
    attach: open,
    detach: () => {
      current = undefined;
    },
    close: () => {
      clearInterval(sweep);
      for (const { reject } of pending.values())
        reject(new NotConfirmed('The connection to the broker is closed.'));
      pending.clear();
    },
    publish: ({ exchange = '', routingKey, content, properties }) =>
      new Promise((resolve, reject) => {
        if (!current) {
          reject(new NotConfirmed('The broker cannot be reached now.', { arrived: 'no' }));
          return;
        }
        count += 1;
        const messageId = properties?.messageId ?? prefix + count;
        const own: Pending = { at: performance.now(), returned: false, reject };
        const confirmed = (error: unknown) => {
          if (pending.get(messageId) === own) pending.delete(messageId);
          if (error) reject(new NotConfirmed('The broker did not confirm a message.', { cause: error }));
          else if (own.returned)
            reject(new NotConfirmed(`No queue takes a message for ${routingKey}.`, { arrived: 'no' }));
          else resolve();
        };
        try {
          pending.set(messageId, own);
          current.publish(
            exchange,
            routingKey,
            content,
            { persistent: true, mandatory: true, ...properties, messageId },
            confirmed,
          );
        } catch (error) {
          confirmed(error);
        }
      }),
  };
}

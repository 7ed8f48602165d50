import { type ChannelModel, connect } from 'amqplib';
import { payload } from '../engines/engine.ts';

const body = Buffer.from(JSON.stringify(payload));
/** Unconfirmed messages at most, as many as three batches of the relay. */
const mostUnconfirmed = 1_500;

/** Bare `amqplib`: a quorum queue, publisher confirms, acknowledgements one by one; the message says all, and nothing is recorded elsewhere. */
export async function openRaw(url: string, queue: string) {
  const model: ChannelModel = await connect(url, { noDelay: true });
  const channel = await model.createConfirmChannel();
  const topology = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
  await channel.assertQueue(queue, topology);

  const publish = async (count: number): Promise<void> => {
    let left = count;
    const lane = async () => {
      while (left > 0) {
        left -= 1;
        await new Promise<void>((resolve, reject) => {
          channel.sendToQueue(queue, body, { persistent: true }, (error) =>
            error ? reject(error) : resolve(),
          );
        });
      }
    };
    await Promise.all(Array.from({ length: mostUnconfirmed }, lane));
  };

  /** Resolves when so many messages were carried out and acknowledged. */
  const consume = async (count: number, prefetch: number): Promise<{ done: Promise<void> }> => {
    const consumer = await model.createChannel();
    await consumer.prefetch(prefetch);
    const all = Promise.withResolvers<void>();
    let left = count;
    await consumer.consume(queue, (message) => {
      if (!message) return;
      JSON.parse(message.content.toString());
      // As a handler that does nothing: done a moment later.
      queueMicrotask(() => {
        consumer.ack(message);
        left -= 1;
        if (left === 0) all.resolve();
      });
    });
    return { done: all.promise.then(() => consumer.close()) };
  };

  return {
    publish,
    drain: async (count: number, prefetch: number) => {
      await (await consume(count, prefetch)).done;
    },
    endToEnd: async (count: number, prefetch: number) => {
      const { done } = await consume(count, prefetch);
      await Promise.all([publish(count), done]);
    },
  };
}

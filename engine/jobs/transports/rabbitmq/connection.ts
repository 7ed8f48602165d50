import { Socket } from 'node:net';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { closeMs, within } from './failures.ts';

/** Milliseconds that a connection may take to be made. */
export const connectMs = 10_000;

/** Rejects where the broker cannot be reached within 10 s, or refuses. */
export async function connectTo(url: string, name: string): Promise<ChannelModel> {
  const connecting = connect(url, {
    noDelay: true,
    keepAlive: true,
    timeout: connectMs,
    clientProperties: { connection_name: name },
  });
  // A socket that ends in the middle of the greeting says nothing to who waits for it.
  return within(connectMs, connecting).catch((error) => {
    connecting.then((late) => late.close()).catch(() => {});
    throw error;
  });
}

/**
 * Says farewell, and does not wait longer than 3 s for an answer: RabbitMQ ends a connection only when each of its channels has an answer, and
 * one that asks a queue without a leader has none for more than a minute. A socket left open would keep the process.
 */
export async function hangUp(model: ChannelModel): Promise<void> {
  await within(closeMs, model.close()).catch(() => {});
  socketOf(model)?.destroy(new Error('The broker did not answer a farewell.'));
}

export async function onChannel<T>(model: ChannelModel, use: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await model.createChannel();
  channel.on('error', () => {});
  try {
    return await use(channel);
  } finally {
    // Closed already where the broker said no.
    await channel.close().catch(() => {});
  }
}

export function socketOf(model: ChannelModel): Socket | undefined {
  const { stream } = model.connection as { stream?: unknown };
  return stream instanceof Socket ? stream : undefined;
}

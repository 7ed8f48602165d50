import type { Log } from '@labwright/kernel/log';
import type { ChannelModel } from 'amqplib';
import { connectTo, hangUp, onChannel } from './connection.ts';
import { isRefusal, NotInTime, within } from './failures.ts';

/** Milliseconds that a queue may take to answer who wants something of it. */
export const answerMs = 5_000;
/** RabbitMQ looks for the leader for 5 s before it deletes without one. */
const deleteMs = 20_000;

/**
 * `works`: it answers. `deleted`: it did not, and is to be declared anew. `stuck`: it does not, and is still there. `unknown`: another one
 * looks after it, or the broker is away.
 */
export type Health = 'works' | 'deleted' | 'stuck' | 'unknown';

/**
 * Looks whether a queue answers, and deletes it where it does not and `disposable` allows it. A quorum queue whose broker was killed
 * directly after it was declared comes back without a leader: it can be declared and looked up, but publishing, getting and consuming wait
 * for 65 s, and then RabbitMQ ends the whole connection of who consumes with INTERNAL_ERROR. Nothing but deleting it helps.
 *
 * Connections of its own are used, so that what does not answer harms nobody else's. Only one client at a time does it: the
 * second one would delete what the first has declared anew. Never rejects; ends soon where `signal` says so.
 */
export async function healQueue(
  queue: string,
  options: { url: string; name: string; disposable: boolean; log: Log; signal: AbortSignal },
): Promise<Health> {
  const { url, name, disposable, log, signal } = options;
  const connected = <T>(use: (model: ChannelModel) => Promise<T>) =>
    onConnection(url, `${name}, heals ${queue}`, signal, use);
  const answers = async (): Promise<boolean> => {
    try {
      await connected((model) =>
        within(
          answerMs,
          // Unacknowledged when the channel is closed, a message is the first again.
          onChannel(model, (channel) => channel.get(queue)),
        ),
      );
      return true;
    } catch (error) {
      if (error instanceof NotInTime) return false;
      // A queue that is not there is declared by whoever consumes from it.
      if (isRefusal(error)) return true;
      throw error;
    }
  };
  try {
    return await connected(async (model) => {
      const mutex = `labwright.healing.${queue}`;
      // It belongs to this connection, and is gone with it; others are refused.
      await onChannel(model, (channel) => channel.assertQueue(mutex, { exclusive: true, durable: false }));
      if (await answers()) return 'works';
      if (!disposable) {
        log.error(
          { queue },
          'a queue of the broker does not answer, and its messages are nowhere else; if it stays so, delete it at the broker (rabbitmqctl delete_queue)',
        );
        return 'stuck';
      }
      try {
        await within(
          deleteMs,
          onChannel(model, (channel) => channel.deleteQueue(queue)),
        );
      } catch (error) {
        log.error(
          { err: error, queue },
          'a queue of the broker does not answer and could not be deleted; its jobs wait until it is deleted at the broker (rabbitmqctl delete_queue)',
        );
        return 'stuck';
      }
      log.warn(
        { queue },
        'a queue of the broker did not answer; it was deleted and is declared anew, and the jobs it carried are sent again',
      );
      return 'deleted';
    });
  } catch (error) {
    if (!signal.aborted) log.debug({ err: error, queue }, 'a queue of the broker could not be looked after');
    return 'unknown';
  }
}

async function onConnection<T>(
  url: string,
  name: string,
  signal: AbortSignal,
  use: (model: ChannelModel) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const model = await connectTo(url, name);
  model.on('error', () => {});
  const ended = Promise.withResolvers<never>();
  const end = () => ended.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  model.once('close', () => ended.reject(new Error('The connection to the broker was lost.')));
  try {
    if (signal.aborted) throw signal.reason;
    return await Promise.race([use(model), ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
    void hangUp(model);
  }
}

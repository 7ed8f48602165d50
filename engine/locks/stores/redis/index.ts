import type { Log } from '@labwright/kernel/log';
import { createClient } from '@redis/client';
import { type LockStore, place } from '../../store.ts';
import { leave, release, renew, take } from './scripts.ts';

export interface RedisLocksOptions {
  /** `redis://host:6379/0`; one server or its replicas, no cluster: tokens come from one counter. */
  url: string;
  log: Log;
}

const channel = 'labwright:locks';
/** Milliseconds for an answer; a lease ends earlier where its time to live is shorter. */
const answerMs = 5_000;

/**
 * Locks in Redis: quicker than PostgreSQL, and forgotten where Redis loses its memory. Resolves when connected; throws where
 * the server cannot be reached.
 */
export async function openRedisLocks({
  url,
  log,
}: RedisLocksOptions): Promise<LockStore & { close(): Promise<void> }> {
  const client = createClient({
    url,
    scripts: { take, renew, release, leave },
    // What cannot be sent now fails now: a lease must not be renewed by a request from long ago.
    disableOfflineQueue: true,
    commandOptions: { timeout: answerMs },
    socket: { connectTimeout: answerMs, reconnectStrategy: (tries) => Math.min(2_000, 20 * 2 ** tries) },
  });
  const warn = (error: unknown) => log.warn({ err: error }, 'the connection to Redis is lost');
  client.on('error', warn);
  await firstConnection(client);

  let endSubscription = () => {};
  return {
    take: async ({ key, holder, ttlMs, line }) => {
      const [token = -1, freeInMs = -1] = await client.take(key, holder, ttlMs, line ? place.keptMs : 0);
      return token === -1 ? { token: null, freeInMs: freeInMs < 0 ? null : freeInMs } : { token };
    },
    leave: async (key, holder) => {
      await client.leave(key, holder);
    },
    renew: async ({ key, holder, token }, ttlMs) => (await client.renew(key, holder, token, ttlMs)) === 1,
    release: async ({ key, holder, token }) => (await client.release(key, holder, token)) === 1,
    listen: async (wake) => {
      const own = client.duplicate();
      own.on('error', warn);
      await own.connect();
      await own.subscribe(channel, (holder) => wake(holder));
      // Subscribed again after each new connection; what was sent meanwhile is lost.
      own.on('ready', () => wake(null));
      endSubscription = () => {
        if (own.isOpen) own.destroy();
      };
      return endSubscription;
    },
    close: async () => {
      endSubscription();
      client.destroy();
    },
  };
}

/** Without this a server that is away would be waited for without end. Later on the client comes back by itself. */
async function firstConnection(client: {
  connect(): Promise<unknown>;
  destroy(): void;
  once(event: 'error', heard: (error: Error) => void): unknown;
  off(event: 'error', heard: (error: Error) => void): unknown;
}) {
  await new Promise<void>((resolve, reject) => {
    const giveUp = (error: Error) => {
      client.destroy();
      reject(error);
    };
    client.once('error', giveUp);
    client.connect().then(() => {
      client.off('error', giveUp);
      resolve();
    }, reject);
  });
}

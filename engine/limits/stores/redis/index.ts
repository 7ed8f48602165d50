import type { Clock } from '@labwright/kernel/clock';
import type { Log } from '@labwright/kernel/log';
import { createClient } from '@redis/client';
import { type Check, checkChecks, type LimitStore, type Standing } from '../../store.ts';
import { take } from './script.ts';

export interface RedisLimitsOptions {
  /** `redis://host:6379/0`; one server or its replicas, no cluster: the keys of a decision lie on one node. */
  url: string;
  log: Log;
  /** All keys begin with it. */
  prefix?: string;
  /** In place of the server's clock, for tests. States still end by the server's own. */
  clock?: Clock;
}

/** Milliseconds for a connection and for an answer; whoever asks for a decision waits less. */
const answerMs = 2_000;

/**
 * Counts in Redis, the same for all processes. It connects in the background, and again whenever the connection is lost: until
 * then `take` rejects at once, and what that means is for the limiter to say.
 */
export function openRedisLimits({
  url,
  log,
  prefix = 'labwright:limit:',
  clock,
}: RedisLimitsOptions): LimitStore {
  const client = createClient({
    url,
    scripts: { take },
    // A decision about a request from long ago helps nobody: what cannot be sent now fails now.
    disableOfflineQueue: true,
    commandOptions: { timeout: answerMs },
    socket: { connectTimeout: answerMs, reconnectStrategy: (tries) => Math.min(1_000, 20 * 2 ** tries) },
  });
  let lost = false;
  client.on('error', (error: unknown) => {
    if (!lost) log.warn({ err: error }, 'the connection to the Redis of the limits is lost');
    lost = true;
  });
  client.on('ready', () => {
    lost = false;
  });
  client.connect().catch((error: unknown) => {
    if (client.isOpen) log.warn({ err: error }, 'the Redis of the limits cannot be reached');
  });

  const wanted = ({ key, limit, cost }: Check) => ({
    key: prefix + key,
    window: limit.kind === 'window',
    unitUs: limit.unitUs,
    most: limit.most,
    cost,
  });
  return {
    take: async (checks) => {
      checkChecks(checks);
      const flat = await client.take(checks.map(wanted), clock ? Math.floor(clock.now() * 1_000) : null);
      return checks.map((_, index): Standing => {
        const [remaining = 0, waitUs = 0, wholeUs = 0] = flat.slice(index * 3);
        return { remaining, waitUs, wholeUs };
      });
    },
    forget: async (key) => {
      await client.unlink(prefix + key);
    },
    sweep: async () => 0,
    close: async () => {
      if (client.isOpen) client.destroy();
    },
  };
}

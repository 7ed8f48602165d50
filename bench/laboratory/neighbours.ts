import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import { Redis } from 'ioredis';
import type { Scope } from '../scope.ts';

/** Servers that are not the laboratory's own: used where they answer, and left as they were. */

export interface RedisServer {
  readonly url: string;
  /** All keys begin with it; they are deleted with the scope. */
  readonly prefix: string;
  /** What of its data outlives a loss of power: `nothing synced`, `synced each second`, `synced each time`. */
  readonly durability: string;
}

export interface RabbitServer {
  readonly url: string;
  readonly version: string;
  /** All names of queues have it in them. */
  readonly namespace: string;
  /** Deletes the queue with the scope. */
  forget(queue: string): void;
}

const redisUrl = process.env.BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379';
const rabbitUrl = process.env.BENCH_AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const answersWithinMs = 3_000;

/** Undefined where no Redis answers. */
export async function findRedis(scope: Scope): Promise<RedisServer | undefined> {
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: answersWithinMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch {
    client.disconnect();
    return undefined;
  }
  const prefix = `labwright-bench-${randomUUID()}`;
  scope.defer(async () => {
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `*${prefix}*`, 'COUNT', 1_000);
      if (keys.length > 0) await client.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
    client.disconnect();
  });
  return { url: redisUrl, prefix, durability: await durability(client) };
}

async function durability(client: Redis): Promise<string> {
  const setting = async (name: string) => {
    const answer = (await client.config('GET', name)) as string[];
    return answer[1];
  };
  try {
    if ((await setting('appendonly')) !== 'yes') return 'nothing synced';
    const times: Record<string, string> = { always: 'synced each time', everysec: 'synced each second' };
    return times[(await setting('appendfsync')) ?? ''] ?? 'nothing synced';
  } catch {
    // Some servers keep their settings to themselves.
    return 'it does not tell whether it syncs';
  }
}

/** Undefined where no RabbitMQ answers. */
export async function findRabbit(scope: Scope): Promise<RabbitServer | undefined> {
  let model: ChannelModel;
  try {
    model = await connect(rabbitUrl, { timeout: answersWithinMs });
  } catch {
    return undefined;
  }
  model.on('error', () => {});
  const { version } = model.connection.serverProperties;
  const queues = new Set<string>();
  scope.defer(async () => {
    const channel = await model.createChannel();
    for (const queue of queues) {
      await channel.deleteQueue(queue);
      // Celery makes an exchange of the same name.
      await channel.deleteExchange(queue);
    }
    await model.close();
  });
  return {
    url: rabbitUrl,
    version: `RabbitMQ ${version}`,
    namespace: `bench-${randomUUID().slice(0, 8)}`,
    forget: (queue) => void queues.add(queue),
  };
}

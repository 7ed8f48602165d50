import { postgresBackplane, redisBackplane } from '../index.ts';
import { startChatServer } from './open-chat.ts';

/** A process of the hub with chat alone, for tests that kill it. */
const { CHAT_DATABASE_URL = '', CHAT_PORT = '0', CHAT_REDIS_URL, CHAT_REDIS_PREFIX = '' } = process.env;

await startChatServer({
  databaseUrl: CHAT_DATABASE_URL,
  port: Number(CHAT_PORT),
  backplane: CHAT_REDIS_URL
    ? redisBackplane(CHAT_REDIS_URL, CHAT_REDIS_PREFIX)
    : postgresBackplane(CHAT_DATABASE_URL),
  settings: {
    sends: { perSecond: 100_000, atOnce: 100_000 },
    frames: { perSecond: 100_000, atOnce: 100_000 },
    pingMs: 700,
    lookMs: 300,
    beatMs: 200,
    leaseMs: 1_500,
  },
});
process.stdout.write('listening\n');

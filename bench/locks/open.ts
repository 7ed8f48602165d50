import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { type Locks, openLocks } from '@labwright/locks';
import { locksMigrations, postgresLocks } from '@labwright/locks/postgres';
import { openRedisLocks } from '@labwright/locks/redis';

export type StoreName = 'postgres' | 'redis';

/** Locks of ours in a store, as a process of a laboratory opens them. Answers how to close them too. */
export async function openStore(
  store: StoreName,
  url: string,
): Promise<{ locks: Locks; close(): Promise<void> }> {
  if (store === 'redis') {
    const redis = await openRedisLocks({ url, log: silentLog });
    const locks = openLocks(redis);
    return {
      locks,
      close: async () => {
        await locks.close();
        await redis.close();
      },
    };
  }
  const db = openDb({ url, applicationName: 'bench', max: 2 });
  await migrate(db, [locksMigrations]);
  const locks = openLocks(postgresLocks(db));
  return {
    locks,
    close: async () => {
      await locks.close();
      await db.close();
    },
  };
}

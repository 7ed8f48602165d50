import { openDb } from '@labwright/kernel/db';
import { createLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { type LockStore, openLocks } from '@labwright/locks';
import { locksMigrations, postgresLocks, sweepLocks } from '@labwright/locks/postgres';
import { openRedisLocks } from '@labwright/locks/redis';
import { deviceDatabaseOf } from '../databases.ts';
import { readUpSettings } from '../settings.ts';

/** The locks at this URL, else those of the laboratory that runs here. Throws a sentence where they cannot be reached. */
export async function openLocksAt(url: string | undefined) {
  const where = url ?? deviceDatabaseOf(readUpSettings());
  // A line on stderr for what is amiss; stdout belongs to the command.
  const log = createLog({ service: 'labwright-lock', level: 'error' }, process.stderr);
  const { store, close } = await openStore(where, log).catch((error) => {
    const { host } = new URL(where);
    throw new Error(
      `The locks at ${host} cannot be reached. Start the laboratory (npm start), or name another place: --url postgres://… or redis://…`,
      { cause: error },
    );
  });
  const locks = openLocks(store);
  return {
    locks,
    close: async () => {
      await locks.close();
      await close();
    },
  };
}

async function openStore(
  url: string,
  log: ReturnType<typeof createLog>,
): Promise<{ store: LockStore; close(): Promise<void> }> {
  if (url.startsWith('redis')) {
    const store = await openRedisLocks({ url, log });
    return { store, close: () => store.close() };
  }
  const db = openDb({ url, applicationName: 'labwright lock', log, max: 2 });
  try {
    await migrate(db, [locksMigrations]);
    await sweepLocks(db);
  } catch (error) {
    await db.close();
    throw error;
  }
  return { store: postgresLocks(db), close: () => db.close() };
}

import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import type { MigrationSet } from '@labwright/kernel/migrate';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type LockStore, place } from '../../store.ts';

export { type HeldLock, listLocks } from './list.ts';

/** The tables of the locks. */
export const locksMigrations: MigrationSet = {
  name: 'locks',
  folder: new URL('./migrations', import.meta.url).pathname,
};

const take = rows(
  'locks.take',
  Type.Object({ token: nullable(Type.String()), free_in_ms: nullable(Type.Number()) }),
  'SELECT token, free_in_ms FROM take_lock($1, $2, $3, $4)',
);

// After its end too, as long as nobody else has taken it: the holder was late, not replaced.
const renew = command(
  'locks.renew',
  `UPDATE locks SET expires_at = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
   WHERE key = $1 AND holder = $2 AND token = $3`,
);

const release = rows(
  'locks.release',
  Type.Object({ released: Type.Boolean() }),
  'SELECT release_lock($1, $2, $3) AS released',
);

const leave = command('locks.leave', 'SELECT leave_lock($1, $2)');

// Walks locks_free.
const sweep = command(
  'locks.sweep',
  `DELETE FROM locks WHERE key IN (
     SELECT key FROM locks WHERE holder IS NULL AND freed_at < clock_timestamp() - interval '1 day'
     ORDER BY freed_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
);

const channel = 'labwright_locks';

/** Locks in PostgreSQL: as durable as the data beside them. The database needs `locksMigrations`. */
export function postgresLocks(db: Db): LockStore {
  return {
    take: async ({ key, holder, ttlMs, line }) => {
      const row = await db.first(take, [key, holder, ttlMs, line ? place.keptMs : 0]);
      if (!row) throw new Error('take_lock answered no row');
      if (row.token === null) return { token: null, freeInMs: row.free_in_ms };
      return { token: Number(row.token) };
    },
    leave: async (key, holder) => {
      await db.execute(leave, [key, holder]);
    },
    renew: async ({ key, holder, token }, ttlMs) =>
      (await db.execute(renew, [key, holder, token, ttlMs])) === 1,
    release: async ({ key, holder, token }) =>
      (await db.first(release, [key, holder, token]))?.released === true,
    listen: (wake) => db.listen(channel, { onMessage: wake, onGap: () => wake(null) }),
  };
}

/** Forgets keys that have been free for a day, a thousand at a time; answers how many. */
export const sweepLocks = (db: Db): Promise<number> => db.execute(sweep);

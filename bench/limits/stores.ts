import { manualClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { type LimitStore, memoryLimits, tokenBucket } from '@labwright/limits';
import { limitsMigrations, postgresLimits } from '@labwright/limits/postgres';
import { openRedisLimits } from '@labwright/limits/redis';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Scope } from '../scope.ts';

/** As many connections on each side: what a process keeps for its limits. */
export const connections = 2;

/** Never met: what is measured is a decision that lets pass, which is the dear one. */
const wide = tokenBucket({ rate: 100_000, seconds: 1, burst: 1_000_000 });

/** Decides about one of so many keys. */
export type Decide = (key: number) => Promise<unknown>;

const deciding =
  (store: LimitStore, prefix: string): Decide =>
  async (key) => {
    const [standing] = await store.take([{ key: `${prefix} ${key}`, limit: wide, cost: 1 }]);
    if (standing?.waitUs !== 0) throw new Error('a limit that is never met was met');
  };

export const memoryDecides = (): Decide => deciding(memoryLimits({ clock: manualClock() }), 'bench');

export async function postgresDecides(scope: Scope, url: string): Promise<Decide> {
  const db = openDb({ url, applicationName: 'bench', max: connections });
  scope.defer(() => db.close());
  await migrate(db, [limitsMigrations]);
  return deciding(postgresLimits(db), 'bench');
}

export async function redisDecides(scope: Scope, url: string, prefix: string): Promise<Decide> {
  const store = openRedisLimits({ url, log: silentLog, prefix: `${prefix}:` });
  scope.defer(() => store.close());
  const decide = deciding(store, 'bench');
  // It connects in the background.
  for (;;) {
    const ready = await decide(0).then(
      () => true,
      () => false,
    );
    if (ready) return decide;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The least that counts for good: one row a key, one statement, with the WAL and the wait for the disk that a usual table has or without. */
export async function bareUpdate(scope: Scope, url: string, logged: boolean): Promise<Decide> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  // A pool without a listener would end the process when the server goes first.
  pool.on('error', () => {});
  scope.defer(() => pool.end());
  const table = logged ? 'floor_logged' : 'floor_unlogged';
  await pool.query(
    `CREATE ${logged ? '' : 'UNLOGGED'} TABLE ${table} (key text PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 50)`,
  );
  await pool.query(`INSERT INTO ${table} SELECT 'bench ' || i, 0 FROM generate_series(0, 9999) AS i`);
  const query = { name: table, text: `UPDATE ${table} SET n = n + 1 WHERE key = $1 RETURNING n` };
  return (key) => pool.query({ ...query, values: [`bench ${key}`] });
}

/** The least on Redis: a counter, and a script that counts and lets the count end. Neither knows when there is more. */
export function bareRedis(scope: Scope, url: string, prefix: string): { incr: Decide; script: Decide } {
  const client = new Redis(url);
  scope.defer(() => client.disconnect());
  client.defineCommand('countAndEnd', {
    numberOfKeys: 1,
    lua: `local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n`,
  });
  const { countAndEnd } = client as unknown as {
    countAndEnd(key: string, ms: number): Promise<number>;
  };
  return {
    incr: (key) => client.incr(`${prefix}:incr:${key}`),
    script: (key) => countAndEnd.call(client, `${prefix}:script:${key}`, 60_000),
  };
}

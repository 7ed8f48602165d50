import type { Clock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import type { MigrationSet } from '@labwright/kernel/migrate';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { checkChecks, type LimitStore, type Standing } from '../../store.ts';

/** The table of the counts. */
export const limitsMigrations: MigrationSet = {
  name: 'limits',
  folder: new URL('./migrations', import.meta.url).pathname,
};

/** By `limit_states_pkey`. */
const take = rows(
  'limits.take',
  Type.Object({ remaining: Type.Number(), wait_us: Type.Number(), whole_us: Type.Number() }),
  'SELECT remaining, wait_us, whole_us FROM take_limits($1, $2, $3, $4, $5, $6)',
);

const forget = command('limits.forget', 'DELETE FROM limit_states WHERE key = $1');

/** Walks `limit_states_kept_until`. Whoever is being decided about stays. */
const sweep = command(
  'limits.sweep',
  `DELETE FROM limit_states WHERE key IN (
     SELECT key FROM limit_states WHERE kept_until < coalesce($1::timestamptz, clock_timestamp())
     ORDER BY kept_until LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
);

/**
 * Counts in PostgreSQL, the same for all processes of a service. One statement a decision, by the server's clock; `clock` takes its
 * place in tests. The database needs `limitsMigrations`.
 */
export function postgresLimits(db: Db, { clock }: { clock?: Clock } = {}): LimitStore {
  return {
    take: async (checks) => {
      checkChecks(checks);
      const order = checks
        .map((check, index) => ({ ...check, index }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      const found = await db.query(take, [
        order.map(({ key }) => key),
        order.map(({ limit }) => limit.kind === 'window'),
        order.map(({ limit }) => limit.unitUs),
        order.map(({ limit }) => limit.most),
        order.map(({ cost }) => cost),
        clock ? Math.floor(clock.now() * 1_000) : null,
      ]);
      const standings: Standing[] = [];
      for (const [place, { remaining, wait_us, whole_us }] of found.entries())
        standings[order[place]?.index ?? 0] = { remaining, waitUs: wait_us, wholeUs: whole_us };
      return standings;
    },
    forget: async (key) => {
      await db.execute(forget, [key]);
    },
    sweep: () => db.execute(sweep, [clock ? new Date(clock.now()).toISOString() : null]),
    close: async () => {},
  };
}

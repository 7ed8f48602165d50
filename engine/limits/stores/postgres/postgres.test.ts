import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { testLimitStore } from '../../conformance/index.ts';
import { tokenBucket } from '../../limit.ts';
import { limitsMigrations, postgresLimits } from './index.ts';

const size = rows(
  'test.limits.size',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM limit_states',
);
const kind = rows(
  'test.limits.kind',
  Type.Object({ relpersistence: Type.String() }),
  `SELECT relpersistence::text FROM pg_class WHERE relname = 'limit_states'`,
);
const updates = rows(
  'test.limits.updates',
  Type.Object({ n: Type.Integer(), hot: Type.Integer() }),
  `SELECT n_tup_upd::int AS n, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'limit_states'`,
);
const flush = rows(
  'test.limits.flush',
  Type.Object({ pg_stat_force_next_flush: Type.Unknown() }),
  'SELECT pg_stat_force_next_flush()::text',
);

testLimitStore('PostgreSQL', async () => {
  const database = await createTestDatabase([limitsMigrations]);
  return {
    open: async (clock) => {
      const db = openDb({ url: database.url, applicationName: 'limits' });
      return { ...postgresLimits(db, clock ? { clock } : {}), close: () => db.close() };
    },
    size: async () => (await database.db.first(size))?.count ?? 0,
    close: () => database.drop(),
  };
});

test('every statement can be prepared; decisions write no WAL and touch no index', async () => {
  const database = await createTestDatabase([limitsMigrations], { max: 1 });
  try {
    assert.deepEqual((await checkStatements(database.url)).faults, []);
    assert.equal((await database.db.first(kind))?.relpersistence, 'u');
    const store = postgresLimits(database.db, { clock: manualClock() });
    const limit = tokenBucket({ rate: 1_000, seconds: 1 });
    for (let turn = 0; turn < 200; turn += 1) await store.take([{ key: 'a', limit, cost: 1 }]);
    await database.db.query(flush);
    const seen = await database.db.first(updates);
    assert.ok(seen && seen.n >= 200, JSON.stringify(seen));
    // A page without room for another version of the row is the exception.
    assert.ok(seen.hot >= seen.n * 0.9, JSON.stringify(seen));
  } finally {
    await database.drop();
  }
});

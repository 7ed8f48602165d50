import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDb } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { testLockStore } from '../../conformance/index.ts';
import { locksMigrations, postgresLocks, sweepLocks } from './index.ts';

const waiting = rows(
  'test.locks.waiting',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM lock_line WHERE key = $1',
);
const cut = rows(
  'test.locks.cut',
  Type.Object({ pg_terminate_backend: Type.Boolean() }),
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1)' AND pid <> pg_backend_pid()`,
);
const freedLongAgo = command(
  'test.locks.age',
  `UPDATE locks SET freed_at = now() - interval '2 days' WHERE holder IS NULL`,
);

testLockStore('PostgreSQL', async () => {
  const database = await createTestDatabase([locksMigrations]);
  return {
    open: async () => {
      const db = openDb({ url: database.url, applicationName: 'locks' });
      return { store: postgresLocks(db), close: () => db.close() };
    },
    waiting: async (key) => (await database.db.first(waiting, [key]))?.count ?? 0,
    cutListeners: async () => {
      await database.db.query(cut);
    },
    close: () => database.drop(),
  };
});

test('every statement can be prepared; keys free for a day are forgotten, and their tokens still rise', async () => {
  const database = await createTestDatabase([locksMigrations]);
  try {
    assert.deepEqual((await checkStatements(database.url)).faults, []);
    const store = postgresLocks(database.db);
    const holder = crypto.randomUUID();
    const take = async (key: string) => {
      const answer = await store.take({ key, holder, ttlMs: 1_000, line: false });
      assert.ok(answer.token !== null);
      return { key, holder, token: answer.token };
    };
    const first = await take('a');
    await store.release(first);
    await take('b');
    assert.equal(await sweepLocks(database.db), 0);
    await database.db.execute(freedLongAgo);
    assert.equal(await sweepLocks(database.db), 1);
    assert.ok((await take('a')).token > first.token);
  } finally {
    await database.drop();
  }
});

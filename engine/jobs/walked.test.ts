import './store/finish.ts';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, declaredStatements, rows } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { jobsMigrations } from './index.ts';

/*
 * How many entries of each index the hot statements walk, also those within functions, where the statistics are of a time when nothing ran and
 * nothing waited: as after any quiet night.
 */

const many = 3_000;
const batch = 20;

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    ALTER TABLE jobs SET (autovacuum_enabled = false);
    INSERT INTO job_workers (name, queues, alive_until) VALUES ('w', '{q}', now() + interval '1 h');
    INSERT INTO jobs (queue, task, args, state, max_attempts) SELECT 'q', 't', '{}', 'succeeded', 3 FROM generate_series(1, 20000);
    ANALYZE jobs;
    INSERT INTO jobs (queue, task, args, state, max_attempts, worker, attempts, key, seen)
    SELECT 'q', 't', '{}', 'running', 3, 1, 1, 'k' || i, true FROM generate_series(1, ${many}) AS i;
    INSERT INTO jobs (queue, task, args, state, max_attempts, key, seen)
    SELECT 'q', 't', '{}', 'waiting', 3, 'k' || i, true FROM generate_series(1, ${many}) AS i;
    INSERT INTO jobs (queue, task, args, state, max_attempts, key)
    SELECT 'q', 't', '{}', 'waiting', 3, 'new' || i FROM generate_series(1, ${many}) AS i;`);
});
after(() => database.drop());

const walked = rows(
  'test.walked',
  Type.Object({ index: Type.String(), entries: Type.Integer() }),
  `SELECT indexrelid::regclass::text AS index, pg_stat_get_xact_tuples_returned(indexrelid)::integer AS entries
   FROM pg_index WHERE indrelid = 'jobs'::regclass ORDER BY 1`,
);
const ids = `ARRAY (SELECT i FROM generate_series(20001, 20000 + ${batch}) AS i)`;
const keys = `ARRAY (SELECT 'k' || i FROM generate_series(1, ${batch}) AS i)`;

const declared = (name: string, values: readonly string[]): string => {
  const text = declaredStatements().find((statement) => statement.name === name)?.text;
  assert.ok(text, `there is no statement ${name}`);
  return text.replaceAll(/\$(\d)/g, (_, number) => values[Number(number) - 1] ?? '');
};

async function entriesWalked(what: string, statement: string): Promise<Map<string, number>> {
  const ask = command(`test.walk ${what}`, statement);
  const rolledBack = new Error('seen');
  let found: { index: string; entries: number }[] = [];
  await database.db
    .transaction(async (tx) => {
      await tx.execute(ask, []);
      found = await tx.query(walked);
      throw rolledBack;
    })
    .catch((error) => {
      if (error !== rolledBack) throw error;
    });
  return new Map(found.map(({ index, entries }) => [index, entries]));
}

/** Entries a row: the row itself, its earlier versions, and neighbours that a page's end brings. */
const bound = batch * 10;

for (const [what, statement] of [
  ['ends without keys', () => declared('jobs.succeed', [ids, 'NULL', '1'])],
  [
    'ends with keys, and what follows',
    () => `SELECT count(*) FROM succeed_keyed_jobs(${ids}, NULL, 1, '{q}')`,
  ],
  ['progress', () => declared('jobs.progress', ['20001', '1', '0.5', "'half'"])],
  ['jobs given back', () => declared('jobs.give_back', [ids, '1'])],
  ['the end of one attempt', () => `SELECT count(*) FROM end_job_attempt(20001, 1, 1, 'dead', '{}', NULL)`],
  ['keys that came free', () => `SELECT count(*) FROM settle_job_keys(${keys})`],
  ['new jobs with keys', () => `SELECT found FROM settle_unseen_jobs(${batch})`],
] as const)
  test(`${what}: only what they are about is walked`, async () => {
    const entries = await entriesWalked(what, statement());
    const most = Math.max(...entries.values());
    assert.ok(most > 0, 'nothing was walked at all');
    assert.ok(most <= bound, `${most} entries walked: ${JSON.stringify([...entries])}`);
  });

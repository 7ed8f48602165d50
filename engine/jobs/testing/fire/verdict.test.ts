/** Every promise that a fire is judged by is broken here once, and that is said. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { jobsMigrations } from '../../index.ts';
import { deedsSql } from './tasks.ts';
import { findFaults } from './verdict.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(deedsSql);
});
after(() => database.drop());

const job = (columns: string, values: string) =>
  `INSERT INTO jobs (queue, max_attempts, args, ${columns}) VALUES ('q', 3, '{}', ${values})`;
const done = `INSERT INTO deeds VALUES`;

const broken: Record<string, { by: string; said: RegExp }> = {
  'a job that ended wrongly': {
    by: job('task, state', `'hopeless', 'succeeded'`),
    said: /^a job ended otherwise than it had to \(1\): hopeless/,
  },
  'a job that was tried too often': {
    by: job('task, state, attempts', `'poison', 'dead', 4`),
    said: /^a job was tried more often than it may be \(1\): poison \d+: 4/,
  },
  'two jobs of a key at once': {
    by: `${done} (1, 1, 1, 'k', now(), now() + interval '2 s'), (2, 1, 2, 'k', now() + interval '1 s', now() + interval '3 s')`,
    said: /^two jobs of a key at once \(1\): k: 1 and 2/,
  },
  'one job of a key twice at once': {
    by: `${done} (1, 1, 1, 'k', now(), now() + interval '2 s'), (1, 2, 2, 'k', now() + interval '1 s', NULL)`,
    said: /^two jobs of a key at once \(1\): k: 1 and 1/,
  },
  'a success without its deed': {
    by: job('task, state', `'deed', 'succeeded'`),
    said: /^a job succeeded without its deed \(1\)/,
  },
  'what counts once done twice': {
    by: `${job('task, state', `'once', 'succeeded'`)}; INSERT INTO once SELECT id FROM jobs, generate_series(1, 2)`,
    said: /^work that counts once was done twice \(1\)/,
  },
  'work of a job that failed': {
    by: `${job('task, state', `'hopeless', 'failed'`)}; INSERT INTO once SELECT id FROM jobs`,
    said: /^work was kept of a job that did not succeed by it \(1\)/,
  },
  'half a batch': {
    by: `INSERT INTO asked VALUES (7, 20)`,
    said: /^a batch is half there \(1\): batch/,
  },
  'a flow that failed': {
    by: `INSERT INTO job_flows (state, finished_at) VALUES ('failed', now())`,
    said: /^a flow did not succeed \(1\)/,
  },
  'a tick with two jobs': {
    by: `INSERT INTO jobs (queue, max_attempts, task, state, args) SELECT 'q', 3, 'tick', 'succeeded', '{"tick": {"at": "2026-01-01T00:00:00Z"}}' FROM generate_series(1, 2);
      ${done} (1, 1, 1, NULL, now(), now()), (2, 1, 1, NULL, now(), now()); UPDATE deeds SET job_id = id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM jobs) j WHERE job_id = n`,
    said: /^a tick has two jobs \(1\): 2026-01-01/,
  },
  'a worker that never left': {
    by: `INSERT INTO job_workers (name, queues, alive_until) VALUES ('w', '{q}', now())`,
    said: /^a worker is still on record \(1\): w/,
  },
};

for (const [what, { by, said }] of Object.entries(broken))
  test(`${what} is found`, async () => {
    assert.deepEqual(await findFaults(database.db, []), [], 'a clean place');
    await database.db.raw(by);
    const faults = await findFaults(database.db, []);
    await database.db.raw('TRUNCATE jobs, job_attempts, job_flows, job_workers, deeds, once, asked CASCADE');
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', said);
  });

test('a batch that was answered and is not there is found', async () => {
  assert.deepEqual(await findFaults(database.db, [3]), ['what was answered is lost: batches 3']);
});

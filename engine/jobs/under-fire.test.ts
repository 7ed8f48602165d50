import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  seededRandom,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import { enqueueMany, jobsMigrations } from './index.ts';
import { deed } from './testing/process.ts';

/*
 * Workers in processes of their own are killed, stopped beyond their lease and continued, and lose their connections,
 * while they carry out jobs with keys. Whatever happens to them: every job has one outcome, no key overlaps, nothing is stuck.
 */

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    CREATE TABLE deeds (job_id bigint, attempt integer, key text, begun timestamptz, ended timestamptz, PRIMARY KEY (job_id, attempt))`);
});
after(() => database.drop());

const states = rows(
  'test.fire.states',
  Type.Object({ state: Type.String(), count: Type.Integer() }),
  `SELECT state::text AS state, count(*)::int AS count FROM jobs GROUP BY state ORDER BY state`,
);
// Two deeds of a key of which the later one began while the earlier one still had the job.
const overlaps = rows(
  'test.fire.overlaps',
  Type.Object({ one: Type.String(), other: Type.String() }),
  `SELECT a.job_id::text AS one, b.job_id::text AS other FROM deeds a JOIN deeds b ON a.key = b.key AND (a.job_id, a.attempt) <> (b.job_id, b.attempt)
   WHERE a.begun <= b.begun AND a.ended IS NOT NULL AND b.begun < a.ended`,
);
const unfinished = rows(
  'test.fire.unfinished',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs j WHERE NOT EXISTS (SELECT FROM deeds d WHERE d.job_id = j.id AND d.ended IS NOT NULL)`,
);
const cut = rows(
  'test.fire.cut',
  Type.Object({ done: Type.Boolean() }),
  `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'jobs under fire' ORDER BY random() LIMIT $1`,
);

const jobs = 600;
const keys = 12;
const fireMs = Number(process.env.FIRE_SECONDS ?? 12) * 1_000;

test('kill -9, SIGSTOP beyond the lease, cut connections: one outcome each, no key overlaps, nothing is stuck', async () => {
  const random = seededRandom('jobs under fire');
  const { db } = database;
  const start = () => spawnScript(import.meta.resolve('./testing/process.ts'), {}, { args: [database.url] });
  const workers: TestProcess[] = [start(), start(), start()];
  const made = Array.from({ length: jobs }, (_, index) => ({
    args: { ms: random.below(60), fails: random.next() < 0.1 },
    ...(index % 3 ? { key: `key ${index % keys}` } : {}),
  }));
  for (let first = 0; first < jobs; first += 100)
    await enqueueMany(db, deed, made.slice(first, first + 100), { queue: 'fire', maxAttempts: 50 });

  const until = Date.now() + fireMs;
  while (Date.now() < until) {
    const place = random.below(workers.length);
    const victim = workers[place];
    assert.ok(victim);
    const fate = random.next();
    if (fate < 0.4) {
      await victim.kill('SIGKILL');
      workers[place] = start();
    } else if (fate < 0.6) {
      victim.child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 2_200));
      victim.child.kill('SIGCONT');
    } else {
      await db.query(cut, [1 + random.below(4)]);
    }
    await new Promise((resolve) => setTimeout(resolve, 300 + random.below(900)));
  }

  await eventually(
    'every job has ended',
    async () => {
      const found = await db.query(states);
      return found.every(({ state }) => state === 'succeeded') || undefined;
    },
    90_000,
  ).catch(async (error) => {
    throw new Error(`${error}: ${JSON.stringify(await db.query(states))}`);
  });
  for (const worker of workers) worker.child.kill('SIGTERM');
  for (const worker of workers) await worker.ended;
  assert.deepEqual(await db.query(states), [{ state: 'succeeded', count: jobs }]);
  assert.deepEqual(await db.query(overlaps), [], 'two jobs of a key at once');
  const open = await db.query(unfinished);
  assert.deepEqual(open, [], 'a job succeeded without its deed');
});

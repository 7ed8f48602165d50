import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, seededRandom, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createWorker, defineTask, enqueue, handle, jobsMigrations, sweepJobs } from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const state = Type.Enum(['succeeded', 'cancelled', 'failed', 'dead', 'ready', 'scheduled', 'running']);
const Row = Type.Object({ id: Type.String(), task: Type.String(), state, days: Type.Integer() });
const all = rows(
  'test.retention.all',
  Row,
  `SELECT id, task, state::text AS state, (args->>'days')::int AS days FROM jobs ORDER BY id`,
);
const make = command(
  'test.retention.make',
  `INSERT INTO jobs (queue, task, args, state, max_attempts, worker, created_at, finished_at)
   SELECT 'old', task, jsonb_build_object('days', days), state::job_state, 1, CASE WHEN state = 'running' THEN 1 END, now() - interval '50 days',
     CASE WHEN state IN ('succeeded', 'cancelled', 'failed', 'dead') THEN now() - days * interval '1 day' - interval '1 min' END
   FROM unnest($1::text[], $2::text[], $3::int[]) AS given (task, state, days)`,
);
const attempts = command(
  'test.retention.attempts',
  `INSERT INTO job_attempts (job_id, attempt, error) SELECT id, 1, '{}' FROM jobs WHERE state IN ('failed', 'dead')`,
);
const orphans = rows(
  'test.retention.orphans',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM job_attempts a WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = a.job_id)',
);
const flow = command(
  'test.retention.flow',
  `WITH made AS (INSERT INTO job_flows (state, finished_at) VALUES ($1::job_flow_state, $2::timestamptz) RETURNING id),
   job AS (UPDATE jobs SET flow = made.id, flow_node = 0 FROM made WHERE jobs.id = $3 RETURNING jobs.id, flow)
   INSERT INTO job_flow_nodes (flow, node, last, kind, begins_with, state, job) SELECT flow, 0, 0, 'step', 0, 'succeeded', id FROM job`,
);
const again = command('test.retention.again', 'UPDATE job_sweep SET next_at = now()');
const queue = command(
  'test.retention.queue',
  `INSERT INTO job_queues (name, paused) VALUES ('stale', false), ('kept', true)`,
);
const queueNames = rows(
  'test.retention.queues',
  Type.Object({ name: Type.String() }),
  'SELECT name FROM job_queues',
);

const day = 24 * 3_600_000;

test('what ended long enough ago is deleted, with its attempts, and nothing else, however many look at once', async () => {
  const { db } = database;
  const random = seededRandom('retention');
  const brief = defineTask({ name: 'brief', args: Type.Object({}), keep: { succeededMs: day } });
  // At its start a worker puts what its tasks declare.
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['none'],
    handlers: [handle(brief, async () => {})],
  });
  await worker.start();
  await worker.stop();
  await db.execute(queue);

  const states = ['succeeded', 'cancelled', 'failed', 'dead', 'ready', 'scheduled', 'running'] as const;
  const given = Array.from({ length: 3_500 }, () => ({
    task: random.next() < 0.5 ? 'brief' : 'plain',
    state: states[random.below(states.length)] ?? 'ready',
    days: random.below(45),
  }));
  const columns = (['task', 'state', 'days'] as const).map((name) => given.map((row) => row[name]));
  await db.execute(make, columns);
  await db.execute(attempts);
  const young = await enqueue(db, brief, {}, { queue: 'old' });
  const made = await db.query(all);
  // Of two that are old enough, one belongs to a flow that runs, one to a flow that ended yesterday, one to an old one.
  const [running, fresh, old] = made.filter(
    (row) => row.task === 'plain' && row.state === 'succeeded' && row.days > 10,
  );
  assert.ok(running && fresh && old);
  await db.execute(flow, ['running', null, running.id]);
  await db.execute(flow, ['succeeded', new Date(Date.now() - day), fresh.id]);
  await db.execute(flow, ['succeeded', new Date(Date.now() - 20 * day), old.id]);

  const isDue = ({ id, state: its, task, days }: (typeof made)[number]) =>
    id !== running.id &&
    id !== fresh.id &&
    (its === 'succeeded'
      ? days >= (task === 'brief' ? 1 : 7)
      : its === 'cancelled'
        ? days >= 7
        : (its === 'failed' || its === 'dead') && days >= 30);
  const kept = made.filter((row) => row.id !== young.id && !isDue(row)).map(({ id }) => id);
  await db.execute(again);
  await Promise.all([sweepJobs(db), sweepJobs(db), sweepJobs(db)]);
  // Whoever had the lock went on to the end; the others went away.
  await sweepJobs(db);
  await db.execute(again);
  await sweepJobs(db);
  assert.deepEqual(
    (await db.query(all)).map(({ id }) => id),
    [...kept, young.id],
  );
  assert.deepEqual(await db.query(orphans), [{ count: 0 }]);
  assert.deepEqual(await db.query(queueNames), [{ name: 'kept' }]);
});

test('after a pass it rests', async () => {
  const { db } = database;
  await db.execute(make, [['plain'], ['succeeded'], [20]]);
  assert.equal(await sweepJobs(db), 0);
  await db.execute(again);
  assert.equal(await sweepJobs(db), 1);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { declaredStatements, rows } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { jobsMigrations } from './index.ts';
import './transports/postgres/index.ts';
import './transports/rabbitmq/index.ts';

/*
 * The hot statements, planned for any values as a pool plans them after five runs, on a table of a hundred thousand jobs
 * of which one in ten is ready: each walks the one index that its comment names.
 */

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  Plans?: Node[];
}

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    INSERT INTO jobs (queue, task, args, state, max_attempts, worker, key, run_at)
    SELECT 'q', 't', '{}', (CASE WHEN i % 10 = 0 THEN 'ready' WHEN i % 10 = 1 THEN 'running' WHEN i % 100 = 2 THEN 'retrying' WHEN i % 100 = 12 THEN 'sent'
             WHEN i % 10 = 3 THEN 'waiting' ELSE 'succeeded' END)::job_state,
           3, CASE WHEN i % 10 = 1 THEN i % 3 END, CASE WHEN i % 10 = 3 THEN 'k' || i % 500 END, CASE WHEN i % 100 IN (2, 12) THEN now() END
    FROM generate_series(1, 100000) AS i`);
  await database.db.raw('VACUUM ANALYZE jobs');
});
after(() => database.drop());

const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

async function plan(name: string, values: string): Promise<Node[]> {
  const text = declaredStatements().find((statement) => statement.name === name)?.text;
  assert.ok(text, `there is no statement ${name}`);
  const explain = rows(
    `test.plan.${name}`,
    Type.Object({ 'QUERY PLAN': Type.Array(Type.Object({ Plan: Type.Unknown() })) }),
    `EXPLAIN (FORMAT JSON) EXECUTE hot${values && `(${values})`}`,
  );
  return database.db.transaction(async (tx) => {
    await tx.raw(`SET LOCAL plan_cache_mode = force_generic_plan; PREPARE hot AS ${text}`);
    const answer = await tx.first(explain);
    await tx.raw('DEALLOCATE hot');
    return nodes(answer?.['QUERY PLAN'][0]?.Plan as Node);
  });
}

for (const [name, values, indexes] of [
  ['jobs.claim_1', `'q', 1, 0, 0`, ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey', 'jobs_ready']],
  ['jobs.claim_50', `'q', 1, 0, 0`, ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey', 'jobs_ready']],
  ['jobs.claim_500', `'q', 1, 0, 0`, ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey', 'jobs_ready']],
  [
    'jobs.finish_and_claim_50',
    `'{1,2,3}', null, 1, 'q', 0, 0`,
    ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey', 'jobs_ready'],
  ],
  [
    'jobs.finish_keyed_and_claim_50',
    `'{1,2,3}', null, 1, 'q', 0, 0, '{q}'`,
    ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey', 'jobs_ready'],
  ],
  ['jobs.rabbit.claim', `'q', 1, '{1,2,3}'`, ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey']],
  [
    'jobs.rabbit.finish_and_claim',
    `'{1,2,3}', null, 1, 'q', '{1,2,3}'`,
    ['job_queues_pkey', 'job_workers_pkey', 'jobs_pkey'],
  ],
  ['jobs.rabbit.still_open', `'q', '{1,2,3}'`, ['jobs_pkey']],
  ['jobs.rabbit.send', `'q'`, ['job_queues_pkey', 'jobs_pkey', 'jobs_ready']],
  ['jobs.rabbit.unsend', `'{1,2,3}'`, ['jobs_pkey']],
  ['jobs.rabbit.unsend_walked', `'q', '-infinity', 0, now(), 9, 0`, ['jobs_parked', 'jobs_pkey']],
  ['jobs.rabbit.walk_sent', `'-infinity', 0, 1000, '{q}'`, ['jobs_parked']],
  ['jobs.succeed', `'{1,2,3}', '{null,null,null}', 1`, ['jobs_pkey']],
  ['jobs.make_due', '', ['jobs_parked', 'jobs_pkey']],
  ['jobs.metrics.depths', '', ['jobs_of_worker', 'jobs_parked', 'jobs_waiting']],
  ['jobs.next_due', '', ['jobs_parked']],
] as const)
  test(`${name} walks ${indexes.join(', ')} and nothing else`, async () => {
    const walked = await plan(name, values);
    const used = walked.flatMap((node) => node['Index Name'] ?? []);
    assert.deepEqual([...new Set(used)].sort(), indexes);
    const whole = walked.filter((node) => node['Node Type'] === 'Seq Scan');
    assert.deepEqual(whole, [], 'a whole table is read');
  });

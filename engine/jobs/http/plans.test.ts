/*
 * What the routes ask the database, on a table of a hundred thousand jobs, planned for any values as a pool plans it after five runs: no whole
 * table of jobs is read, and no statement touches more than a fixed number of pages, however few jobs fit a filter.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { declaredStatements, rows } from '@labwright/kernel/statement';
import { checkStatements, createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { engineMigrations } from './index.ts';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Node[];
}

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations, ...engineMigrations]);
  await database.db.raw(`
    INSERT INTO jobs (queue, task, args, state, max_attempts, worker, key, run_at, error, created_at)
    SELECT 'q' || i % 20, 't' || i % 7, '{}', (CASE WHEN i % 10 = 0 THEN 'ready' WHEN i % 100 = 1 THEN 'running' WHEN i % 100 = 2 THEN 'retrying'
             WHEN i % 10 = 3 THEN 'waiting' WHEN i % 10 = 4 THEN 'dead' WHEN i = 500 THEN 'failed' WHEN i % 1000 = 5 THEN 'cancelled' ELSE 'succeeded' END)::job_state,
           3, CASE WHEN i % 100 = 1 THEN i % 3 + 1 END, CASE WHEN i % 10 = 3 THEN 'k' || i % 500 WHEN i % 100 = 1 THEN 'h' || i END,
           CASE WHEN i % 100 = 2 THEN now() END, CASE WHEN i % 10 = 4 THEN '{"name": "Boom", "message": "it broke"}'::jsonb END,
           now() - (100000 - i) * interval '1 second'
    FROM generate_series(1, 100000) AS i;
    INSERT INTO job_workers (name, queues, alive_until) SELECT 'm:' || i, ARRAY['q' || i % 20], now() + interval '1 hour' FROM generate_series(1, 200) AS i;
    INSERT INTO locks (key, token, holder, expires_at, freed_at) SELECT 'l' || lpad(i::text, 6, '0'), i, CASE WHEN i % 50 = 0 THEN gen_random_uuid() END,
      CASE WHEN i % 50 = 0 THEN now() + interval '1 hour' END, CASE WHEN i % 50 <> 0 THEN now() END FROM generate_series(1, 20000) AS i;
    INSERT INTO job_figures SELECT s.step, date_bin(make_interval(secs => s.step), now(), 'epoch') - n * make_interval(secs => s.step), 'q' || q, 1, 0, 0, 0, 0, array_fill(1, ARRAY[22]), array_fill(1, ARRAY[22])
      FROM (VALUES (60, 360), (900, 672)) AS s (step, most), generate_series(0, s.most) AS n, generate_series(0, 19) AS q;`);
  await database.db.raw('VACUUM ANALYZE');
});
after(() => database.drop());

const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

async function carriedOut(name: string, values: string): Promise<{ plan: Node[]; pages: number }> {
  const text = declaredStatements().find((statement) => statement.name === name)?.text;
  assert.ok(text, `there is no statement ${name}`);
  const explain = rows(
    `test.http.plan.${name}${values.length}`,
    Type.Object({ 'QUERY PLAN': Type.Array(Type.Object({ Plan: Type.Unknown() })) }),
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked${values && `(${values})`}`,
  );
  return database.db.transaction(async (tx) => {
    await tx.raw(`SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS ${text}`);
    const answer = await tx.first(explain);
    await tx.raw('DEALLOCATE asked');
    const top = answer?.['QUERY PLAN'][0]?.Plan as Node;
    return {
      plan: nodes(top),
      pages: (top['Shared Hit Blocks'] ?? 0) + (top['Shared Read Blocks'] ?? 0),
    };
  });
}

const nothing = Array.from({ length: 8 }, () => 'NULL').join(', ');
const top = '9223372036854775807, 0';
/** A statement, what it is asked, and the pages that it may touch. */
for (const [name, values, most] of [
  ['jobs.http.walk_500', `${top}, ${nothing}, 51`, 100],
  ['jobs.http.walk_20000', `${top}, ${nothing}, 51`, 2_000],
  [
    'jobs.http.walk_20000',
    `${top}, '{cancelled}', NULL, 'nobody has it', NULL, NULL, NULL, NULL, NULL, 51`,
    2_000,
  ],
  ['jobs.http.of_states', `${top}, '{failed}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 51`, 100],
  ['jobs.http.of_states', `${top}, '{running}', 'q1', NULL, NULL, NULL, NULL, NULL, NULL, 51`, 2_500],
  // Full of one state: as far as that is looked at, each job on a page of its own at worst.
  ['jobs.http.of_states', `${top}, '{failed,dead}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 51`, 15_000],
  ['jobs.http.of_key', `${top}, '{waiting}', NULL, NULL, 'k3', NULL, NULL, NULL, NULL, 51`, 1_000],
  ['jobs.http.first_since', `now() - interval '1 hour'`, 200],
  ['jobs.http.summaries', `'{1,2,3,4}'`, 50],
  ['jobs.http.rest', '77', 20],
  ['jobs.http.failures', '77', 20],
  ['jobs.http.queues', `'{}'`, 1_500],
  ['jobs.metrics.depths', '', 40_000],
  ['jobs.http.workers', '0', 4_000],
  ['jobs.http.in_hand', `'{1,2,3}'`, 200],
  ['jobs.http.keys', `''`, 1_000],
  ['jobs.figures.series', `60, 60, 3600, NULL`, 800],
  ['jobs.figures.series', `900, 7200, 604800, 'q1'`, 3_000],
  // Of a table that its retention bounds.
  ['jobs.figures.recent', '', 1_000],
  ['locks.list', `'', 51`, 1_000],
] as const)
  test(`${name} with ${values || 'nothing'} touches at most ${most} pages`, async () => {
    const { plan, pages } = await carriedOut(name, values);
    const whole = plan.filter(
      (node) => node['Node Type'] === 'Seq Scan' && ['jobs', 'locks'].includes(node['Relation Name'] ?? ''),
    );
    assert.deepEqual(whole, [], 'a whole table is read');
    assert.ok(pages <= most, `it touched ${pages} pages`);
  });

test('every statement can be prepared and answers the columns of its row type', async () => {
  const { checked, faults } = await checkStatements(database.url);
  assert.deepEqual(faults, []);
  assert.ok(checked >= 60, `only ${checked} statements were found`);
});

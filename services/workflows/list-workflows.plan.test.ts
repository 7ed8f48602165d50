import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { declaredStatements, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';
import './list-workflows.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
  await lab.database.db.raw(`
    INSERT INTO workflows (id, name, device_id, created_at)
    SELECT 'w' || n, CASE n WHEN 7 THEN 'ÄLTER, Batch 7' ELSE 'Dilution ' || n END, 'd', '2025-01-01'::timestamptz + n * interval '1 s'
    FROM generate_series(1, 20000) n;
    ANALYZE workflows`);
});
after(() => lab.stop());

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Subplan Name'?: string;
  Filter?: string;
  Plans?: Node[];
}
const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

const planRow = Type.Object({ 'QUERY PLAN': Type.Unsafe<[{ Plan: Node }]>(Type.Array(Type.Object({}))) });
const listed = declaredStatements().find(({ name }) => name === 'workflows.list.q');
const explained = rows(
  'test.list.plan',
  planRow,
  `EXPLAIN (FORMAT JSON) EXECUTE listed('infinity', '~', 51, 'rare')`,
);

test('a part of a name is looked for in the order of the list, and no name is put in lower case for it', async () => {
  const plan = await lab.database.db.transaction(async (tx) => {
    await tx.raw(
      `SET LOCAL plan_cache_mode = force_generic_plan; PREPARE listed(timestamptz, text, int, text) AS ${listed?.text}`,
    );
    const answer = await tx.first(explained);
    await tx.raw('DEALLOCATE listed');
    return nodes(answer?.['QUERY PLAN'][0].Plan as Node);
  });
  const walk = plan.find((node) => node['Index Name'] === 'workflows_newest');
  assert.match(walk?.Filter ?? '', /strpos\(lower_name, /);
  assert.doesNotMatch(walk?.Filter ?? '', /lower\(/);
  assert.ok(!plan.some((node) => node['Node Type'] === 'Sort'));
});

test('upper or lower case makes no difference, also beyond ASCII', async () => {
  for (const q of ['BATCH 7', 'batch 7', 'älter', 'ÄLTER, B']) {
    const { body } = await lab.get(`/workflows?q=${encodeURIComponent(q)}`);
    assert.deepEqual(
      body.workflows.map(({ id }) => id),
      ['w7'],
      q,
    );
  }
});

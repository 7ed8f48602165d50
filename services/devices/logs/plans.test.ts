import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { executionStatuses } from '@labwright/contract-devices';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { checkStatements } from '@labwright/kernel/testing';
import Type from 'typebox';
import { durations, newestDurations } from './durations.ts';
import { type LogFilter, logFilters, logReader, walkStatement } from './read.ts';
import { insertMany, type LogBench, logBench } from './testing/log-bench.ts';

/**
 * Every statement of the family on a million rows: it walks the one index that fits, in order, and what it touches is
 * bounded by the length of the page, however rare the wanted rows are.
 */

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Node[];
}

const choices = Array.from({ length: 16 }, (_, bits) =>
  logFilters.filter((_name, place) => bits & (1 << place)),
);
const directions = ['older', 'newer'] as const;

const indexOf = (chosen: readonly LogFilter[]) => {
  if (chosen.includes('workflow_id')) return 'execution_logs_by_workflow';
  if (chosen.includes('operation'))
    return chosen.includes('device_id')
      ? 'execution_logs_by_device_operation'
      : 'execution_logs_by_operation';
  if (chosen.includes('status'))
    return chosen.includes('device_id') ? 'execution_logs_by_device_status' : 'execution_logs_by_status';
  return chosen.includes('device_id') ? 'execution_logs_by_device' : 'execution_logs_by_time';
};

/** Common values, and values of which there are three or none in a million. */
const values: Record<LogFilter, string>[] = [
  { device_id: 'device-7', operation: 'operation_3', status: 'succeeded', workflow_id: 'workflow-1234' },
  { device_id: 'device-7', operation: 'rare_1', status: 'failed', workflow_id: 'workflow-0' },
  { device_id: 'device-0', operation: 'never', status: 'unknown', workflow_id: 'nobody' },
];

let bench: LogBench;
let reader: Db;
before(async () => {
  bench = await logBench();
  reader = logReader(bench.db);
  await insertMany(bench.db, 1_000_000);
});
after(() => bench.close());

let counter = 0;

async function explain(
  chosen: readonly LogFilter[],
  direction: (typeof directions)[number],
  given: Record<LogFilter, string>,
): Promise<Node> {
  counter += 1;
  const name = `plan_${counter}`;
  const edge = direction === 'older' ? `'9999-12-31', 0, '0001-01-01'` : `'0001-01-01', 0, '9999-12-31'`;
  const filters = chosen.map((filter) => `, '${given[filter]}'`).join('');
  const merged = walkStatement(chosen, direction).text.includes('UNION ALL');
  const statuses = merged ? `, '{${executionStatuses.join()}}'` : '';
  const statement = rows(
    `test.${name}`,
    Type.Object({ 'QUERY PLAN': Type.Array(Type.Object({ Plan: Type.Unknown() })) }),
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${name}(${edge}, 101, 0${filters}${statuses})`,
  );
  return reader.transaction(async (tx) => {
    await tx.raw(`PREPARE ${name} AS ${walkStatement(chosen, direction).text}`);
    const answer = await tx.first(statement);
    await tx.raw(`DEALLOCATE ${name}`);
    return answer?.['QUERY PLAN'][0]?.Plan as Node;
  });
}

const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

for (const chosen of choices) {
  test(`walks an index in order: ${chosen.join(', ') || 'no filter'}`, async () => {
    for (const direction of directions)
      for (const given of values) {
        const plan = await explain(chosen, direction, given);
        const where = `${direction}, ${JSON.stringify(given)}`;
        for (const node of nodes(plan)) {
          assert.match(node['Node Type'], /^(Limit|Merge Append|Index Scan|Result|Subquery Scan)$/, where);
          if (node['Index Name']) assert.equal(node['Index Name'], indexOf(chosen), where);
        }
        // A row is one entry and one page of the table; four walks of a few levels come on top.
        const touched = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
        assert.ok(touched < 350, `${touched} blocks: ${where}`);
      }
  });
}

test('a page by its number touches no more rows than lie before it', async () => {
  const { status, body } = await bench.get('/execution-logs?page=100&per_page=100');
  assert.deepEqual([status, body.execution_logs.length], [200, 100]);
});

test('durations walk their index only', async () => {
  const found = await durations(bench.db, 'type-2', ['operation_3', 'operation_4', 'operation_3', 'rare_1']);
  assert.deepEqual([...found.keys()].sort(), ['operation_3', 'operation_4']);
  assert.equal(found.get('operation_3')?.samples, 200);
  const explained = rows(
    'test.durations',
    Type.Object({ 'QUERY PLAN': Type.Array(Type.Object({ Plan: Type.Unknown() })) }),
    `EXPLAIN (FORMAT JSON) EXECUTE durations('type-2', '{operation_3,operation_4,rare_1}')`,
  );
  const answer = await bench.db.transaction(async (tx) => {
    await tx.raw(
      `SET LOCAL plan_cache_mode = force_generic_plan; PREPARE durations AS ${newestDurations.text}`,
    );
    return tx.first(explained);
  });
  const plan = answer?.['QUERY PLAN'][0]?.Plan as Node;
  const walked = nodes(plan);
  assert.deepEqual(
    walked
      .filter((node) => node['Node Type'].includes('Scan') && node['Index Name'])
      .map((node) => node['Index Name']),
    ['execution_logs_durations'],
  );
  assert.equal(
    walked.some((node) => node['Node Type'] === 'Seq Scan'),
    false,
  );
});

test('rows and statements agree', async () => {
  for (const chosen of choices) for (const direction of directions) walkStatement(chosen, direction);
  const { checked, faults } = await checkStatements(bench.url);
  assert.ok(checked >= 34);
  assert.deepEqual(
    faults.filter((fault) => !fault.startsWith('test.')),
    [],
  );
});

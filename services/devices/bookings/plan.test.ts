import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';
import { bookNext } from './hand-on.ts';

const entries = 100_000;

let lab: Laboratory;
let deviceId: string;
before(async () => {
  lab = await openLaboratory();
  deviceId = await lab.addDevice();
  await lab.api.book({ device_id: deviceId, workflow_id: 'holder' });
  await lab.db.execute(fill, [deviceId, entries]);
});
after(() => lab.close());

const fill = command(
  'test.plan.fill',
  `INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, operations)
   SELECT $1, 'w' || n, p.name, p.value, '{stir}'
   FROM generate_series(1, $2::int) AS n
   JOIN (VALUES (0, 'low', 9), (1, 'normal', 5), (2, 'urgent', 1)) AS p (rest, name, value) ON p.rest = n % 3`,
);

interface PlanNode {
  'Node Type': string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Relation Name'?: string;
  Plans?: PlanNode[];
}

const planRow = Type.Object({ 'QUERY PLAN': Type.Unsafe<[{ Plan: PlanNode }]>(Type.Array(Type.Object({}))) });

const explained = rows('test.plan.book_next', planRow, `EXPLAIN (ANALYZE, FORMAT JSON) ${bookNext.text}`);

const nodes = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

test('of 100,000 that wait the next is found by one probe of device_queue_order', async () => {
  const rollback = new Error('only looked');
  let plan: PlanNode | undefined;
  const look = lab.db.transaction(async (tx) => {
    await tx.raw(`UPDATE device_bookings SET status = 'released', released_at = clock_timestamp()`);
    plan = (await tx.first(explained, [deviceId]))?.['QUERY PLAN'][0].Plan;
    throw rollback;
  });
  await assert.rejects(look, rollback);
  assert.ok(plan);
  const reads = nodes(plan).filter(
    (node) => node['Relation Name'] === 'device_queue' && /Scan/.test(node['Node Type']),
  );
  assert.ok(reads.some((node) => node['Index Name'] === 'device_queue_order'));
  for (const node of reads) {
    assert.match(node['Node Type'], /^Index/);
    assert.ok(node['Actual Rows'] <= 1, JSON.stringify(node));
  }
  assert.ok(!nodes(plan).some((node) => node['Node Type'] === 'Sort'));
});

test('a release with 100,000 waiting is as quick as any, and the queue is read page by page', async () => {
  const started = performance.now();
  const releases = 50;
  let holder = 'holder';
  for (let count = 0; count < releases; count += 1) {
    const { body, status } = await lab.request('POST', `/devices/${deviceId}/release`, {
      workflow_id: holder,
    });
    assert.equal(status, 200);
    holder = (body.next_booking as { workflow_id: string }).workflow_id;
    // The urgent ones, in the order in which they came.
    assert.equal(holder, `w${count * 3 + 2}`);
  }
  const each = (performance.now() - started) / releases;
  assert.ok(each < 100, `${each} ms a release`);
  const page = await lab.request('GET', `/devices/${deviceId}/queue?limit=100`);
  assert.equal(page.status, 200);
  const wait = await lab.request('GET', `/devices/${deviceId}/wait-time?priority=low`);
  assert.equal(wait.body.position, entries - releases + 1);
});

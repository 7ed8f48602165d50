import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';

let statements = 0;

/** Counts what is asked of the database outside of transactions. */
function counting(db: Db): Db {
  const count =
    <A extends unknown[], R>(ask: (...args: A) => R) =>
    (...args: A) => {
      statements += 1;
      return ask(...args);
    };
  return {
    ...db,
    query: count(db.query) as Db['query'],
    first: count(db.first) as Db['first'],
    execute: count(db.execute),
  };
}

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ db: counting });
});
after(() => lab.stop());

const insertMany = [
  command(
    'test.list.workflows',
    `INSERT INTO workflows (id, name, device_id, status, created_at)
     SELECT $3 || n, 'w', CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END,
            CASE WHEN n % 5 = 0 THEN 'completed' ELSE 'created' END, '2025-01-01'::timestamptz + n / 3 * interval '1 s'
     FROM generate_series($1::int, $2::int) n`,
  ),
  command(
    'test.list.steps',
    `INSERT INTO workflow_steps (workflow_id, position, operation)
     SELECT $3 || n, p, 'aspirate' FROM generate_series($1::int, $2::int) n, generate_series(1, 3) p`,
  ),
];

async function add(from: number, to: number) {
  for (const statement of insertMany) await lab.database.db.execute(statement, [from, to, 'many-']);
}

test('three queries for a page, with 10 workflows and with 500', async () => {
  for (const [from, to, limit] of [
    [1, 10, 10],
    [11, 500, 100],
  ] as const) {
    await add(from, to);
    statements = 0;
    const page = await lab.get(`/workflows?limit=${limit}`);
    assert.equal(page.body.workflows.length, limit);
    assert.ok(page.body.workflows.every((workflow) => workflow.steps.length === 3));
    assert.equal(statements, 3);
  }
});

test('pages walk every workflow once, newest first, whatever the filters', async () => {
  for (const [filter, wanted] of [
    ['', 500],
    ['&status=completed', 100],
    ['&device_id=even', 250],
    ['&device_id=odd&status=completed', 50],
    ['&q=W', 500],
    ['&q=%25', 0],
    ['&q=many-7', 1],
    ['&device_id=odd&status=completed&q=w', 50],
  ] as const) {
    const seen: { created_at: string; id: string }[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor ? `&cursor=${cursor}` : '';
      const { body } = await lab.get(`/workflows?limit=37${filter}${next}`);
      seen.push(...body.workflows);
      cursor = body.next_cursor;
    } while (cursor);
    assert.equal(seen.length, wanted);
    const order = seen.map(({ created_at, id }) => [created_at, id].join(' '));
    assert.deepEqual(order, [...new Set(order)].sort().reverse());
  }
});

test('a page of large workflows ends early, and the next one goes on', async () => {
  const large = command(
    'test.list.large',
    `WITH made AS (
       INSERT INTO workflows (id, name, device_id, created_at)
       SELECT 'large-' || n, 'large', 'big', '2025-02-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 5) n
       RETURNING id)
     INSERT INTO workflow_steps (workflow_id, position, operation)
     SELECT id, p, 'aspirate' FROM made, generate_series(1, 9000) p`,
  );
  await lab.database.db.execute(large);
  const sizes: number[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor ? `&cursor=${cursor}` : '';
    const { body } = await lab.get(`/workflows?limit=100&device_id=big${next}`);
    sizes.push(body.workflows.length);
    cursor = body.next_cursor;
  } while (cursor);
  assert.deepEqual(sizes, [2, 2, 1]);
});

test('400 for a cursor that is not of this list, and for a limit beyond 100', async () => {
  const { next_cursor } = (await lab.get('/workflows?limit=1')).body;
  const forged = (position: string) =>
    Buffer.from(JSON.stringify(['workflows', null, null, position])).toString('base64url');
  for (const query of [
    'cursor=nonsense',
    `cursor=${next_cursor}&status=created`,
    `cursor=${next_cursor}&q=w`,
    `cursor=${forged('2025-02-30T00:00:00Z x')}`,
    `cursor=${forged('2025-02-20T00:00:00Z ')}`,
  ]) {
    const answer = await lab.get(`/workflows?${query}`);
    assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_cursor'], query);
  }
  for (const query of ['limit=101', 'limit=0', 'status=lost', 'states=created', 'q=', 'q=%00'])
    assert.deepEqual((await lab.get(`/workflows?${query}`)).body.code, 'validation_failed');
});

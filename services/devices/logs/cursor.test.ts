import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Execution, executionStatuses } from '@labwright/contract-devices';
import { seededRandom } from '@labwright/kernel/testing';
import { isoToMicros } from './range.ts';
import { insertLogs, type LogBench, logBench } from './testing/log-bench.ts';

const devices = ['reader-1', 'reader-2'];
const operations = ['plate_read', 'shake'];
const workflows = ['w1', 'w2'];

const random = seededRandom('cursors of the logs');
const pick = <T>(choices: readonly T[]) => choices[random.below(choices.length)] as T;

let bench: LogBench;
let all: Execution[];

before(async () => {
  bench = await logBench();
  // Six instants for 300 rows: most rows share theirs with many others.
  const logs = Array.from({ length: 300 }, () => ({
    device_id: pick(devices),
    operation: pick(operations),
    workflow_id: pick(workflows),
    status: pick(executionStatuses.filter((status) => status !== 'running')),
    started_at: `2025-01-0${1 + random.below(3)}T10:00:00.00000${random.below(2)}Z`,
  }));
  await insertLogs(bench.db, logs);
  const text = (await bench.get('/execution-logs', 'application/x-ndjson')).text;
  all = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
});
after(() => bench.close());

/** The order that is promised, made here by other means. */
const newestFirst = (a: Execution, b: Execution) =>
  Number(isoToMicros(b.started_at) - isoToMicros(a.started_at)) || Number(b.id) - Number(a.id);

test('a stream holds every row once, in the order that is promised', () => {
  assert.equal(all.length, 300);
  assert.deepEqual(all, [...all].sort(newestFirst));
  assert.equal(new Set(all.map((log) => log.id)).size, 300);
});

/** Every choice of filters, with random values. */
const choices = Array.from({ length: 32 }, (_, bits) => ({
  ...(bits & 1 ? { device_id: pick(devices) } : {}),
  ...(bits & 2 ? { operation: pick(operations) } : {}),
  ...(bits & 4 ? { status: pick(executionStatuses) } : {}),
  ...(bits & 8 ? { workflow_id: pick(workflows) } : {}),
  ...(bits & 16 ? { start: '2025-01-02', end: '2025-01-03T10:00:00Z' } : {}),
}));

for (const { start, end, ...filters } of choices) {
  const query = new URLSearchParams({ ...filters, ...(start && end ? { start, end } : {}) });

  test(`pages forward and back, no gap and no duplicate: ${query || 'everything'}`, async () => {
    const wanted = all
      .filter((log) =>
        Object.entries(filters).every(([name, value]) => log[name as keyof Execution] === value),
      )
      .filter(
        (log) =>
          !start ||
          (log.started_at >= '2025-01-02' &&
            log.started_at <= '2025-01-03T10:00:00Z' &&
            !log.started_at.startsWith('2025-01-03T10:00:00.')),
      )
      .map((log) => log.id);

    const forward: string[] = [];
    let cursor: string | null = null;
    let back: string | null = null;
    let pages = 0;
    do {
      query.set('limit', String(1 + random.below(40)));
      if (cursor) query.set('cursor', cursor);
      const { body, status } = await bench.get(`/execution-logs?${query}`);
      assert.equal(status, 200, body.detail);
      forward.push(...body.execution_logs.map((log) => log.id));
      assert.equal(body.prev_cursor !== null, pages > 0);
      cursor = body.next_cursor;
      back = body.prev_cursor;
      pages += 1;
      if (!cursor) pages = body.execution_logs.length;
    } while (cursor);
    assert.deepEqual(forward, wanted);

    // `pages` is now the length of the last page: walking back shows all that came before it.
    const backward: string[] = [];
    while (back) {
      query.set('limit', String(1 + random.below(40)));
      query.set('cursor', back);
      const { body } = await bench.get(`/execution-logs?${query}`);
      backward.unshift(...body.execution_logs.map((log) => log.id));
      assert.notEqual(body.next_cursor, null);
      back = body.prev_cursor;
    }
    assert.deepEqual(backward, forward.length === pages ? [] : wanted.slice(0, wanted.length - pages));
  });
}

test('a page back and a page forth again are the same rows', async () => {
  const first = (await bench.get('/execution-logs?limit=7')).body;
  const second = (await bench.get(`/execution-logs?limit=7&cursor=${first.next_cursor}`)).body;
  const again = (await bench.get(`/execution-logs?limit=7&cursor=${second.prev_cursor}`)).body;
  assert.deepEqual(again.execution_logs, first.execution_logs);
  assert.equal(again.prev_cursor, null);
  const forth = (await bench.get(`/execution-logs?limit=7&cursor=${again.next_cursor}`)).body;
  assert.deepEqual(forth.execution_logs, second.execution_logs);
});

test('a cursor outside the range goes on from the edge of the range', async () => {
  const newest = (await bench.get('/execution-logs?limit=1')).body;
  const range = 'start=2025-01-01&end=2025-01-01';
  const inRange = all.filter((log) => log.started_at < '2025-01-02').map((log) => log.id);
  const { body } = await bench.get(`/execution-logs?${range}&limit=100&cursor=${newest.next_cursor}`);
  assert.deepEqual(
    body.execution_logs.map((log) => log.id),
    inRange.slice(0, 100),
  );
});

test('a stream goes on from next_cursor, ends at limit, and has no way back', async () => {
  const page = (await bench.get('/execution-logs?limit=10')).body;
  const { text } = await bench.get(
    `/execution-logs?limit=150&cursor=${page.next_cursor}`,
    'application/x-ndjson',
  );
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    all.slice(10, 160).map((log) => log.id),
  );
  const second = (await bench.get(`/execution-logs?limit=10&cursor=${page.next_cursor}`)).body;
  const back = await bench.get(`/execution-logs?cursor=${second.prev_cursor}`, 'text/csv');
  assert.deepEqual([back.status, back.body.code], [400, 'invalid_cursor']);
  const numbered = await bench.get('/execution-logs?page=2', 'text/csv');
  assert.deepEqual([numbered.status, numbered.body.code], [400, 'validation_failed']);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Execution } from '@labwright/contract-devices';
import { insertLogs, type LogBench, logBench } from './testing/log-bench.ts';

let bench: LogBench;

const at = (day: number, time = '10:00:00.000000') => `2025-01-${String(day).padStart(2, '0')}T${time}Z`;

before(async () => {
  bench = await logBench();
  await bench.db.raw(`INSERT INTO devices (id, name, type, capabilities, deleted_at) VALUES
    ('reader-1', 'Reader', 'plate_reader', '{plate_read}', NULL), ('idle-1', 'Idle', 'plate_reader', '{plate_read}', NULL),
    ('gone-1', 'Gone', 'plate_reader', '{plate_read}', now())`);
  await insertLogs(bench.db, [
    { started_at: at(1), operation: 'first', workflow_id: 'w1' },
    {
      started_at: at(2, '00:00:00.000000'),
      operation: 'midnight',
      status: 'failed',
      error: { code: 'x', message: 'y' },
    },
    { started_at: at(2, '23:59:59.999999'), operation: 'last_of_2nd', workflow_id: 'w1' },
    { started_at: at(3, '00:00:00.000000'), operation: 'third', device_id: 'gone-1' },
    { started_at: at(4, '12:30:00.123456'), operation: 'running_one', status: 'running' },
  ]);
});
after(() => bench.close());

const operations = (body: { execution_logs: Execution[] }) => body.execution_logs.map((log) => log.operation);

test('200: all logs, newest first, as they are stored', async () => {
  const { status, body } = await bench.get('/execution-logs');
  assert.equal(status, 200);
  assert.deepEqual(operations(body), ['running_one', 'third', 'last_of_2nd', 'midnight', 'first']);
  assert.equal(body.next_cursor, null);
  assert.equal(body.prev_cursor, null);
  assert.equal(body.execution_logs[0]?.started_at, '2025-01-04T12:30:00.123456Z');
  assert.deepEqual(body.execution_logs[3]?.error, { code: 'x', message: 'y' });
});

test('200: each filter, and filters together', async () => {
  const found = async (query: string) => operations((await bench.get(`/execution-logs?${query}`)).body);
  assert.deepEqual(await found('device_id=gone-1'), ['third']);
  assert.deepEqual(await found('status=failed'), ['midnight']);
  assert.deepEqual(await found('operation=first'), ['first']);
  assert.deepEqual(await found('workflow_id=w1'), ['last_of_2nd', 'first']);
  assert.deepEqual(await found('workflow_id=w1&operation=first&status=succeeded&device_id=reader-1'), [
    'first',
  ]);
  assert.deepEqual(await found('workflow_id=w1&status=failed'), []);
  assert.deepEqual(await found('device_id=reader-1&status=succeeded&operation=midnight'), []);
  assert.deepEqual(await found('device_id=nobody'), []);
  assert.deepEqual(await found('start=2025-01-04'), ['running_one']);
});

test('200: the logs of one device, of one that did nothing, and of one that was deleted', async () => {
  assert.equal((await bench.get('/execution-logs/reader-1')).body.execution_logs.length, 4);
  assert.deepEqual(operations((await bench.get('/execution-logs/reader-1?status=failed')).body), [
    'midnight',
  ]);
  assert.deepEqual((await bench.get('/execution-logs/idle-1')).body.execution_logs, []);
  assert.deepEqual(operations((await bench.get('/execution-logs/gone-1')).body), ['third']);
});

test('404: a device that never was', async () => {
  const { status, body } = await bench.get('/execution-logs/Reader-1');
  assert.equal(status, 404);
  assert.equal(body.code, 'device_not_found');
});

test('200: a date is its whole day, a time is that instant, both ends belong to the range', async () => {
  const found = async (start: string, end: string) => {
    const { status, body } = await bench.get(`/execution-logs/search?start=${start}&end=${end}`);
    assert.equal(status, 200, body.detail);
    return operations(body);
  };
  assert.deepEqual(await found('2025-01-02', '2025-01-02'), ['last_of_2nd', 'midnight']);
  assert.deepEqual(await found('2025-01-02T00:00:00Z', '2025-01-02T23:59:59.999999Z'), [
    'last_of_2nd',
    'midnight',
  ]);
  assert.deepEqual(await found('2025-01-02T00:00:00.000001Z', '2025-01-03T00:00:00Z'), [
    'third',
    'last_of_2nd',
  ]);
  assert.deepEqual(await found('2025-01-02T23:59:59.999999', '2025-01-02T23:59:59.999999999Z'), [
    'last_of_2nd',
  ]);
  // 01:00 at +02:00 is 23:00 of the day before; the plus sign may have become a space on its way.
  assert.deepEqual(await found('2025-01-03T01:00:00%2B02:00', '2025-01-03T02:00:00+02:00'), [
    'third',
    'last_of_2nd',
  ]);
  assert.deepEqual(await found('0001-01-01', '9999-12-31'), [
    'running_one',
    'third',
    'last_of_2nd',
    'midnight',
    'first',
  ]);
});

test('400: a search without start or end names what is missing', async () => {
  for (const [query, missing] of [
    ['end=2025-01-02', 'querystring.start'],
    ['start=2025-01-02', 'querystring.end'],
    ['start=&end=2025-01-02', 'querystring.start'],
  ] as const) {
    const { status, body } = await bench.get(`/execution-logs/search?${query}`);
    assert.equal(status, 400);
    assert.equal(body.code, 'validation_failed');
    assert.deepEqual(
      body.faults?.map((fault) => fault.path),
      [missing],
    );
  }
});

test('400: ranges that are none say so in one sentence', async () => {
  for (const [start, end, sentence] of [
    ['2025-01-03', '2025-01-02', 'start (2025-01-03) is after end (2025-01-02): exchange them.'],
    ['2025-02-30', '2025-03-01', 'start is "2025-02-30", and there is no such day in the calendar.'],
    ['2025-01-01', '2025-13-01', 'end is "2025-13-01", and there is no such day in the calendar.'],
    ['2025-01-01T25:00Z', '2025-01-02', 'start is "2025-01-01T25:00Z", and there is no such time of day.'],
    [
      '2025-01-01T10:00-99:00',
      '2025-01-02',
      'start is "2025-01-01T10:00-99:00", and there is no such offset from UTC.',
    ],
    [
      'yesterday',
      '2025-01-02',
      'start is "yesterday": give a date such as 2025-01-31 or a time such as 2025-01-31T09:30:00Z.',
    ],
    ['0000-01-01', '2025-01-02', 'start is "0000-01-01", and there is no such day in the calendar.'],
  ]) {
    const { status, body } = await bench.get(`/execution-logs/search?start=${start}&end=${end}`);
    assert.equal(status, 400);
    assert.equal(body.code, 'invalid_range');
    assert.equal(body.detail, sentence);
  }
});

test('400: cursors that are not ours', async () => {
  for (const cursor of [
    'x',
    'bzE.',
    'bzEuMQ%3D%3D',
    Buffer.from('o99999999999999999999.1').toString('base64url'),
    'b%00',
  ]) {
    const { status, body } = await bench.get(`/execution-logs?cursor=${cursor}`);
    assert.equal(status, 400, cursor);
    assert.equal(body.code, 'invalid_cursor', cursor);
  }
  const tooLarge = Buffer.from('o1.9999999999999999999').toString('base64url');
  assert.equal((await bench.get(`/execution-logs?cursor=${tooLarge}`)).body.code, 'invalid_cursor');
});

test('200: pages by number, which also say how to go on', async () => {
  const second = await bench.get('/execution-logs?page=2&per_page=2');
  assert.deepEqual(operations(second.body), ['last_of_2nd', 'midnight']);
  assert.deepEqual([second.body.page, second.body.per_page], [2, 2]);
  const third = await bench.get(`/execution-logs?limit=2&cursor=${second.body.next_cursor}`);
  assert.deepEqual(operations(third.body), ['first']);
  const first = await bench.get(`/execution-logs?limit=2&cursor=${second.body.prev_cursor}`);
  assert.deepEqual(operations(first.body), ['running_one', 'third']);
  const beyond = await bench.get('/execution-logs?page=9&per_page=2');
  assert.deepEqual(
    [beyond.status, beyond.body.execution_logs.length, beyond.body.next_cursor],
    [200, 0, null],
  );
  assert.equal((await bench.get('/execution-logs?page=1')).body.per_page, 50);
});

test('400: pages that are too deep point to the cursor', async () => {
  assert.equal((await bench.get('/execution-logs?page=100&per_page=100')).status, 200);
  const { status, body } = await bench.get('/execution-logs?page=101&per_page=100');
  assert.equal(status, 400);
  assert.equal(body.code, 'invalid_range');
  assert.match(body.detail ?? '', /next_cursor/);
});

test('400: what contradicts itself or is not known', async () => {
  const cursor = (await bench.get('/execution-logs?limit=1')).body.next_cursor;
  for (const [query, path] of [
    [`page=1&cursor=${cursor}`, 'querystring.cursor'],
    [`per_page=5&cursor=${cursor}`, 'querystring.cursor'],
    ['page=1&limit=5', 'querystring.limit'],
    ['limit=101', 'querystring.limit'],
    ['limit=0', 'querystring.limit'],
    ['limit=ten', 'querystring.limit'],
    ['per_page=101', 'querystring.per_page'],
    ['page=0', 'querystring.page'],
    ['status=broken', 'querystring.status'],
    ['offset=5', 'querystring.offset'],
  ] as const) {
    const { status, body } = await bench.get(`/execution-logs?${query}`);
    assert.equal(status, 400, query);
    assert.deepEqual(
      body.faults?.map((fault) => fault.path),
      [path],
      query,
    );
  }
});

test('400: a text that cannot be in the database', async () => {
  for (const accept of ['application/json', 'text/csv']) {
    const { status, body } = await bench.get('/execution-logs?operation=a%00b', accept);
    assert.equal(status, 400);
    assert.equal(body.code, 'validation_failed');
  }
});

test('`format` instead of Accept: a file, for a link that a browser saves', async () => {
  const csv = await bench.get('/execution-logs?format=csv&limit=2');
  assert.match(csv.text, /^id,execution_id,device_id/);
  const ndjson = await bench.get('/execution-logs?format=ndjson&limit=2', 'text/html,*/*');
  for (const line of ndjson.text.trim().split('\n')) assert.ok(JSON.parse(line).id);
  assert.equal(
    (await bench.get('/execution-logs?format=json&limit=2', 'text/csv')).body.execution_logs.length,
    2,
  );
  assert.equal((await bench.get('/execution-logs?format=xml')).status, 400);
});

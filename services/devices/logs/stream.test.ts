import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Db } from '@labwright/kernel/db';
import { preferredFormat } from './accept.ts';
import { logReader } from './read.ts';
import { csv, ndjson, streamLogs } from './stream.ts';
import { insertLogs, insertMany, type LogBench, logBench } from './testing/log-bench.ts';

const total = 200_000;

let bench: LogBench;
let port: number;
/** Batches that were read, and what happens before the next one. */
let reads = 0;
let beforeRead: () => Promise<void> = async () => {};

const watched = (db: Db): Db => ({
  ...db,
  sibling: (options) => {
    const reader = db.sibling(options);
    return {
      ...reader,
      query: async (statement, values) => {
        await beforeRead();
        reads += 1;
        return reader.query(statement, values);
      },
    };
  },
});

before(async () => {
  bench = await logBench(watched);
  await insertMany(bench.db, total);
  port = await bench.server.listen({ host: '127.0.0.1', port: 0 });
});
after(() => bench.close());

async function ask(path: string, accept: string): Promise<IncomingMessage> {
  const request = get({ port, path, headers: { accept }, agent: false });
  const [response] = await once(request, 'response');
  return response as IncomingMessage;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

for (const [accept, headLines] of [
  ['application/x-ndjson', 0],
  ['text/csv', 1],
] as const) {
  test(`${accept}: all rows in constant memory`, async () => {
    const response = await ask('/execution-logs', accept);
    assert.equal(response.statusCode, 200);
    assert.match(response.headers['content-type'] ?? '', new RegExp(`^${accept}`));
    assert.equal(response.headers.vary, 'accept');
    let lines = 0;
    let bytes = 0;
    let next = 4_000_000;
    const heap: number[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) {
      lines += chunk.toString('latin1').split('\n').length - 1;
      bytes += chunk.length;
      if (bytes < next) continue;
      next += 4_000_000;
      collectGarbage();
      heap.push(process.memoryUsage().heapUsed);
    }
    assert.equal(lines, total + headLines);
    assert.ok(heap.length > 5);
    const [first = 0] = heap;
    const growth = (Math.max(...heap) - first) / 1_048_576;
    assert.ok(growth < 8, `the heap grew by ${growth} MiB`);
  });
}

/** Resolves when no batch is read any more, seen over two hundred round trips to the database. */
async function untilReadingRests(): Promise<void> {
  let before = -1;
  while (before !== reads) {
    before = reads;
    for (let turn = 0; turn < 200; turn += 1) await bench.db.ping();
  }
}

test('the database is read no faster than the client reads', async () => {
  reads = 0;
  const response = await ask('/execution-logs', 'application/x-ndjson');
  response.pause();
  await untilReadingRests();
  // What the buffers of both sockets hold.
  assert.ok(reads < 60, `${reads} batches were read although nobody took them`);
  response.destroy();
  await untilReadingRests();
});

test('a client that goes away ends the reading', async () => {
  reads = 0;
  const response = await ask('/execution-logs', 'text/csv');
  await once(response, 'data');
  response.destroy();
  await untilReadingRests();
  assert.ok(reads < 60, `${reads} batches were read for nobody`);
});

test('503 with Retry-After while as many exports are read as there is room for; 200 afterwards', async () => {
  const readers = [];
  for (let count = 0; count < 12; count += 1)
    readers.push(await ask('/execution-logs', 'application/x-ndjson'));
  for (const reader of readers) reader.pause();
  const more = () => ask('/execution-logs', 'application/x-ndjson');
  const refused = await more();
  assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [503, '5']);
  refused.destroy();
  for (const reader of readers) reader.destroy();
  let after = await more();
  while (after.statusCode === 503) {
    after.destroy();
    after = await more();
  }
  assert.equal(after.statusCode, 200);
  after.destroy();
  await untilReadingRests();
});

test('a reader that stops reading is cut off, and its place is free again', async () => {
  const range = { from: 0n, until: BigInt(Date.now()) * 2_000n };
  const stream = streamLogs(logReader(bench.db), { filters: {}, range }, ndjson, 20);
  await once(stream, 'readable');
  const [error] = await once(stream, 'error');
  assert.match(error.message, /nobody reads/);
});

test('HEAD tells the form and reads nothing', async () => {
  reads = 0;
  const reply = await bench.server.app.inject({
    method: 'HEAD',
    url: '/execution-logs',
    headers: { accept: 'text/csv' },
  });
  assert.deepEqual([reply.statusCode, reply.body, reads], [200, '', 0]);
  assert.match(String(reply.headers['content-type']), /^text\/csv/);
});

test('the reference names every form', async () => {
  const { paths } = (await bench.server.app.inject('/openapi.json')).json();
  assert.deepEqual(Object.keys(paths['/execution-logs/search'].get.responses['200'].content), [
    'application/json',
    'application/x-ndjson',
    'text/csv',
  ]);
});

test('a failure in the middle breaks the connection', async () => {
  reads = 0;
  beforeRead = async () => {
    if (reads === 5) throw new Error('the database is gone');
  };
  const response = await ask('/execution-logs', 'application/x-ndjson');
  assert.equal(response.statusCode, 200);
  await assert.rejects(async () => {
    for await (const _chunk of response);
  }, /aborted|ECONNRESET/);
  beforeRead = async () => {};
});

test('a failure before the first row is an answer', async () => {
  beforeRead = async () => {
    throw new Error('the database is gone');
  };
  const { status, body } = await bench.get('/execution-logs', 'text/csv');
  assert.deepEqual([status, body.code], [500, 'internal_error']);
  beforeRead = async () => {};
});

test('a range that holds nothing: no lines, or the header alone', async () => {
  const range = '/execution-logs/search?start=1990-01-01&end=1990-01-02';
  assert.equal((await bench.get(range, 'application/x-ndjson')).text, '');
  assert.match((await bench.get(range, 'text/csv')).text, /^id,execution_id,[a-z_,]+duration_ms\r\n$/);
});

test('CSV quotes what RFC 4180 says and changes nothing', async () => {
  await insertLogs(bench.db, [
    {
      device_id: 'odd',
      operation: '=1+1',
      workflow_id: 'a,"b"\r\nc',
      parameters: { wells: ['A1', 'B2'] },
      started_at: '2030-01-01T00:00:00Z',
    },
  ]);
  const { text } = await bench.get('/execution-logs?device_id=odd', 'text/csv');
  const [, line = ''] = text.split(/\r\n(?=\d)/);
  assert.match(line, /,odd,plate_reader,"a,""b""\r\nc",=1\+1,"\{""wells"":\[""A1"",""B2""\]\}",/);
});

test('rows that are large are read in smaller batches', async () => {
  const values = { values: 'x'.repeat(200_000) };
  await insertLogs(
    bench.db,
    Array.from({ length: 120 }, () => ({ device_id: 'large', result: values })),
  );
  reads = 0;
  const { text } = await bench.get('/execution-logs?device_id=large', 'application/x-ndjson');
  assert.equal(text.trim().split('\n').length, 120);
  assert.equal(reads, 4);
});

test('Accept: by weight, then in the order given, JSON where nothing fits', () => {
  for (const [accept, format] of [
    [undefined, 'json'],
    ['*/*', 'json'],
    ['text/html', 'json'],
    ['application/json', 'json'],
    ['application/x-ndjson', ndjson],
    ['text/csv; charset=utf-8', csv],
    ['text/csv;q=0.1, application/x-ndjson;q=0.9', ndjson],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
    ['text/csv;q=0, */*', 'json'],
    ['TEXT/CSV', csv],
  ] as const)
    assert.equal(preferredFormat(accept), format, accept);
});

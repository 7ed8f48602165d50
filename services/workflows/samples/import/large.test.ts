import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ImportAnswer } from '@labwright/contract-workflows';
import type { Static } from 'typebox';
import { type SamplesServer, startSamplesServer } from '../testing.ts';

let lab: SamplesServer;
let port: number;
before(async () => {
  lab = await startSamplesServer();
  port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
});
after(() => lab.stop());

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes that are really in use: what the collector can take is gone. */
function inUse(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const rows = 50_000;
/** Blanks mean nothing; they make the file 20 MB large, so that whoever keeps it or its rows is found out. */
const blanks = ' '.repeat(400);
const wellAt = (n: number) => `${'ABCDEFGH'[n % 8]}${(Math.floor(n / 8) % 12) + 1}`;

async function* file(prefix: string): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode('barcode,sample_type,plate_id,well,volume_ul\n');
  for (let n = 0; n < rows; n += 50) {
    let text = '';
    for (let row = n; row < n + 50; row += 1)
      text += `${prefix}${row},blood${blanks},${prefix}${Math.floor(row / 96)},${wellAt(row)},${row}\n`;
    yield encoder.encode(text);
  }
}

/** Imports a file and watches the memory meanwhile. */
async function send(prefix: string) {
  const before = inUse();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, inUse());
  }, 500);
  try {
    // Not `fetch`, whose own buffers would count.
    const outgoing = request({
      port,
      path: '/samples/import?create_plates=true',
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      agent: false,
    });
    const [[incoming]] = await Promise.all([
      once(outgoing, 'response') as Promise<[IncomingMessage]>,
      pipeline(file(prefix), outgoing),
    ]);
    const body = (await json(incoming)) as Static<typeof ImportAnswer>;
    return { status: incoming.statusCode, body, grown: most - before };
  } finally {
    clearInterval(watch);
  }
}

test('50,000 rows in 20 MB: imported in constant memory, and refused in constant memory', async () => {
  const imported = await send('S');
  assert.equal(imported.status, 200);
  assert.equal(imported.body.imported, rows);
  assert.equal(await lab.count(), rows);
  const refused = await send('S');
  assert.equal(refused.status, 422);
  assert.equal(refused.body.rejected, rows);
  assert.equal(refused.body.faults.length, 1_000);
  assert.equal(await lab.staged(), 0);
  for (const { grown } of [imported, refused]) {
    process.stdout.write(`# grown by ${(grown / 2 ** 20).toFixed(1)} MiB\n`);
    assert.ok(grown < 12 * 2 ** 20, `memory grew by ${grown} bytes`);
  }
});

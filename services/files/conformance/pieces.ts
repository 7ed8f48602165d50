import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { eventually } from '@labwright/kernel/testing';
import { Upload as TusUpload } from 'tus-js-client';
import type { OnBench } from './index.ts';
import { everything, gone } from './life.ts';

const raw = { content_type: 'application/octet-stream', name: 'plate.raw', resumable: true };

export function piecesTests(onBench: OnBench): void {
  onBench('a large file comes in pieces, and goes on where the connection broke', async (bench) => {
    const bytes = randomBytes(12_000_000);
    const { file, upload } = await bench.upload(bytes, raw);
    assert.equal(upload.method, 'tus');
    const url = new URL(upload.url, bench.url).href;
    await sendUntil(url, bytes.subarray(0, 7_000_000), 7_000_000);
    assert.equal(await offsetOf(url), 7_000_000);
    assert.equal((await bench.ask('POST', `/uploads/${file.id}/complete`)).body.code, 'upload_incomplete');
    await sendUntil(url, bytes, null);
    const settled = await bench.settled(file.id);
    assert.deepEqual([settled.status, settled.results_status], ['ready', 'none']);
    const { body } = await bench.ask('POST', `/files/${file.id}/links`);
    assert.deepEqual(Buffer.from(await (await fetch(new URL(body.url, bench.url))).arrayBuffer()), bytes);
    const { keys } = await eventually('the pieces are gone', async () => {
      const found = await everything(bench, 100);
      return found.keys.length === 1 ? found : undefined;
    });
    assert.match(keys[0] ?? '', new RegExp(`^kept/${file.id}`));
  });

  onBench('pieces are refused beyond the size, with another policy, and after the time', async (bench) => {
    const bytes = randomBytes(100_000);
    const { file, upload } = await bench.upload(bytes, raw);
    const url = new URL(upload.url, bench.url);
    assert.equal(await patch(url, 0, Buffer.alloc(100_001)), 413);
    assert.equal(await patch(url, 5, bytes), 409, 'not where it goes on');
    const forged = new URL(url);
    forged.searchParams.set('x-amz-meta-owner', 'eve');
    assert.equal(await patch(forged, 0, bytes), 403);
    const unsigned = new URL(url.pathname, bench.url);
    assert.equal(await patch(unsigned, 0, bytes), 403);
    const other = await bench.upload(bytes, raw);
    const crossed = new URL(url);
    crossed.pathname = new URL(other.upload.url, bench.url).pathname;
    assert.equal(await patch(crossed, 0, bytes), 403);
    bench.clock.shift(86_400_001);
    assert.equal(await patch(url, 0, bytes), 403);
    bench.clock.shift(-86_400_001);
    assert.equal(await patch(url, 0, bytes), 204);
    assert.equal((await bench.settled(file.id)).status, 'ready');
    assert.equal(await patch(url, 0, bytes), 409, 'made');
  });

  onBench('many pieces over one connection leave nothing behind on it', async (bench) => {
    const { upload } = await bench.upload(randomBytes(1_000), raw);
    const url = new URL(upload.url, bench.url);
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const look = () =>
      new Promise((resolve, reject) => {
        const headers = { 'tus-resumable': '1.0.0' };
        request(url, { method: 'HEAD', agent, headers }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode));
        })
          .once('error', reject)
          .end();
      });
    for (let turn = 0; turn < 15; turn += 1) assert.equal(await look(), 200);
    agent.destroy();
    await new Promise(setImmediate);
    process.off('warning', note);
    assert.deepEqual(warnings, []);
  });

  onBench('a file in pieces with other bytes than announced is rejected and deleted', async (bench) => {
    const bytes = randomBytes(50_000);
    const { file, upload } = await bench.upload(bytes, raw);
    assert.equal(await patch(new URL(upload.url, bench.url), 0, randomBytes(50_000)), 204);
    assert.equal((await bench.settled(file.id)).status, 'rejected');
    assert.ok(await gone(bench, file.id));
  });
}

/** As a browser does it; broken off after so many bytes. */
function sendUntil(url: string, bytes: Buffer, breakAt: number | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = new TusUpload(bytes, {
      uploadUrl: url,
      chunkSize: 3_500_000,
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(),
      onChunkComplete: (_size, accepted) => {
        if (breakAt !== null && accepted >= breakAt) sending.abort().then(resolve, reject);
      },
    });
    sending.start();
  });
}

async function offsetOf(url: string): Promise<number> {
  const answer = await fetch(url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
  assert.equal(answer.status, 200);
  return Number(answer.headers.get('upload-offset'));
}

export async function patch(url: URL, offset: number, bytes: Buffer): Promise<number> {
  const answer = await fetch(url, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(bytes),
  });
  await answer.arrayBuffer();
  return answer.status;
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sha256 } from '../testing/bench.ts';
import type { OnBench } from './index.ts';
import { everything } from './life.ts';

const bytes = Buffer.from('well,value\nA1,1\nA2,2\n');

export function refusalTests(onBench: OnBench): void {
  onBench('a file of another size than announced is refused, larger or smaller', async (bench) => {
    for (const lie of [
      Buffer.concat([bytes, Buffer.from('A')]),
      bytes.subarray(1),
      Buffer.alloc(3_000_000, 65),
    ]) {
      const { file, upload } = await bench.upload(bytes);
      const { status } = await bench.send(upload, lie);
      assert.ok(status >= 400 && status < 500, `${lie.length} bytes: ${status}`);
      const told = await bench.ask('POST', `/uploads/${file.id}/complete`);
      assert.deepEqual([told.status, told.body.code], [409, 'upload_incomplete']);
    }
    assert.deepEqual((await everything(bench, 100)).keys, []);
  });

  onBench('an upload is refused where any field is changed, added or left out', async (bench) => {
    const other = Buffer.from(sha256(Buffer.from('other')), 'hex').toString('base64');
    const stranger = randomUUID();
    const changes: Record<string, string | null>[] = [
      { 'Content-Type': 'text/html' },
      { 'Content-Type': null },
      { 'x-amz-meta-owner': 'eve' },
      { 'x-amz-checksum-sha256': other },
      { 'x-amz-meta-extra': 'more' },
      { 'x-amz-signature': '0'.repeat(64) },
      { 'x-amz-signature': null },
      { policy: Buffer.from('{"expiration":"2999-01-01T00:00:00Z","conditions":[]}').toString('base64') },
      { policy: null },
      { key: `incoming/${stranger}` },
      { key: `kept/${stranger}` },
      { key: '../../etc/passwd' },
      { key: `incoming/../kept/${stranger}` },
      { key: '/etc/passwd' },
      { key: 'incoming/..%2f..%2fx' },
      { key: null },
    ];
    const { upload } = await bench.upload(bytes);
    for (const change of changes) {
      const answer = await bench.send(upload, bytes, change);
      await answer.arrayBuffer();
      assert.ok(
        answer.status >= 400 && answer.status < 500,
        `${JSON.stringify(change).slice(0, 100)}: ${answer.status}`,
      );
    }
    assert.deepEqual((await everything(bench, 100)).keys, []);
    assert.equal((await bench.send(upload, bytes)).status, 201, 'unchanged it is taken');
  });

  onBench('an upload that begins after its time is refused', async (bench) => {
    // Ten minutes ago: real S3 servers look at the real time.
    bench.clock.shift(-600_000);
    const { upload } = await bench.upload(bytes);
    bench.clock.shift(600_000);
    const answer = await bench.send(upload, bytes);
    assert.equal(answer.status, 403, await answer.text());
    assert.deepEqual((await everything(bench, 100)).keys, []);
  });

  onBench('other bytes of the right size are never ready', async (bench) => {
    const { file, upload } = await bench.upload(bytes);
    const forged = Buffer.from(bytes.toString().replace('A1,1', 'A1,9'));
    const { status } = await bench.send(upload, forged);
    if (status === 201) {
      // A server that does not know checksums takes them; then the check refuses them.
      await bench.ask('POST', `/uploads/${file.id}/complete`);
      const settled = await bench.settled(file.id);
      assert.equal(settled.status, 'rejected');
      assert.match(settled.status_reason ?? '', /SHA-256/);
    } else assert.equal(status, 400);
  });

  onBench('bytes that are not what their type says are rejected', async (bench) => {
    const page = Buffer.from('<html><script>alert(1)</script></html>');
    const { file, upload } = await bench.upload(page, { content_type: 'image/png', name: 'gel.png' });
    assert.equal((await bench.send(upload, page)).status, 201);
    await bench.ask('POST', `/uploads/${file.id}/complete`);
    const settled = await bench.settled(file.id);
    assert.deepEqual([settled.status, settled.ready_at], ['rejected', null]);
    assert.match(settled.status_reason ?? '', /image\/png/);
    assert.equal((await bench.ask('POST', `/files/${file.id}/links`)).body.code, 'file_not_ready');
  });

  onBench('a policy that is used again changes nothing of the file', async (bench) => {
    const { file, upload } = await bench.upload(bytes);
    assert.equal((await bench.send(upload, bytes)).status, 201);
    await bench.ask('POST', `/uploads/${file.id}/complete`);
    await bench.settled(file.id);
    const forged = Buffer.from(bytes.toString().replace('A1,1', 'A1,9'));
    for (const again of [bytes, forged])
      await bench.send(upload, again).then((answer) => answer.arrayBuffer());
    const { body } = await bench.ask('POST', `/files/${file.id}/links`);
    assert.deepEqual(Buffer.from(await (await fetch(new URL(body.url, bench.url))).arrayBuffer()), bytes);
    assert.equal((await bench.ask('GET', `/results?file_id=${file.id}`)).body.results.length, 2);
  });

  onBench(
    'what comes in while a file is checked changes nothing of it',
    async (bench) => {
      const { upload, file } = await bench.upload(bytes);
      await bench.send(upload, bytes);
      const key = await bench.store.keep(file.id);
      assert.ok(key);
      const forged = Buffer.from(bytes.toString().replace('A1,1', 'A1,9'));
      await bench.send(upload, forged).then((answer) => answer.arrayBuffer());
      assert.notEqual(await bench.store.keep(file.id), key, 'a key of its own');
      const kept: Buffer[] = [];
      for await (const piece of await bench.store.readKept(key)) kept.push(piece);
      assert.deepEqual(Buffer.concat(kept), bytes);
      await bench.store.discardIncoming(file.id);
      assert.equal(await bench.store.keep(file.id), undefined);
    },
    { deaf: true },
  );
}

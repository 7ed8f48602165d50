import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { sweepOrphans } from '../sweep/orphans.ts';
import { keepRetention } from '../sweep/retention.ts';
import { seeToFiles } from '../sweep/see-to.ts';
import type { OnBench } from './index.ts';
import { everything, gone } from './life.ts';
import { patch } from './pieces.ts';

const bytes = Buffer.from('well,value\nA1,1\nA2,2\n');
const { signal } = new AbortController();
const hour = 3_600_000;

export function sweepTests(onBench: OnBench): void {
  onBench(
    'a file whose sender never says that it is done is found',
    async (bench) => {
      const { file, upload } = await bench.upload(bytes);
      assert.equal((await bench.send(upload, bytes)).status, 201);
      await seeToFiles(bench.deps, signal);
      assert.equal(
        (await bench.ask('GET', `/files/${file.id}`)).body.status,
        'expected',
        'not before its time',
      );
      bench.clock.shift(31_000);
      await seeToFiles(bench.deps, signal);
      assert.equal((await bench.settled(file.id)).status, 'ready');
    },
    { deaf: true },
  );

  onBench(
    'an upload whose bytes do not come expires, whole and in pieces, and gives back its share',
    async (bench) => {
      const whole = await bench.upload(bytes);
      const large = randomBytes(100_000);
      const inPieces = await bench.upload(large, { resumable: true });
      assert.equal(await patch(new URL(inPieces.upload.url, bench.url), 0, large.subarray(0, 10_000)), 204);
      assert.equal((await bench.ask('GET', '/files/usage')).body.bytes, bytes.length + large.length);
      bench.clock.shift(hour);
      await seeToFiles(bench.deps, signal);
      assert.equal((await bench.ask('GET', `/files/${whole.file.id}`)).body.status, 'expired');
      assert.equal((await bench.ask('GET', `/files/${inPieces.file.id}`)).body.status, 'expected');
      bench.clock.shift(24 * hour);
      await seeToFiles(bench.deps, signal);
      const { body } = await bench.ask('GET', `/files/${inPieces.file.id}`);
      assert.deepEqual([body.status, body.status_reason], ['expired', 'Its bytes did not come in time.']);
      assert.ok(await gone(bench, inPieces.file.id));
      const usage = (await bench.ask('GET', '/files/usage')).body;
      assert.deepEqual([usage.bytes, usage.open_uploads], [0, 0]);
      assert.equal(
        (await bench.ask('POST', `/uploads/${whole.file.id}/complete`)).body.code,
        'upload_expired',
      );
    },
  );

  onBench('a file is deleted when its days are over, and not before', async (bench) => {
    const { file, upload } = await bench.upload(bytes, { keep_days: 2 });
    await bench.send(upload, bytes);
    await bench.ask('POST', `/uploads/${file.id}/complete`);
    await bench.settled(file.id);
    bench.clock.shift(47 * hour);
    await keepRetention(bench.deps, signal);
    assert.equal((await bench.ask('GET', `/files/${file.id}`)).body.status, 'ready');
    bench.clock.shift(2 * hour);
    await keepRetention(bench.deps, signal);
    assert.equal((await bench.ask('GET', `/files/${file.id}`)).body.status, 'deleted');
    assert.ok(await gone(bench, file.id));
  });

  onBench(
    'bytes that belong to no file are swept, and no others',
    async (bench) => {
      const kept = await bench.upload(bytes);
      await bench.send(kept.upload, bytes);
      await bench.ask('POST', `/uploads/${kept.file.id}/complete`);
      await bench.settled(kept.file.id);
      await bench.store.discardIncoming(kept.file.id);
      const open = await bench.upload(bytes, { resumable: true });
      const stray = await bench.upload(bytes);
      await bench.send(stray.upload, bytes);
      const strayKept = await bench.store.keep(stray.file.id);
      const lost = await bench.upload(bytes, { resumable: true });
      await bench.db.raw(`DELETE FROM files WHERE id IN ('${stray.file.id}', '${lost.file.id}')`);
      const before = (await everything(bench, 100)).keys;
      assert.ok(strayKept && before.includes(strayKept) && before.includes(`incoming/${stray.file.id}`));
      assert.equal(await sweepOrphans(bench.deps, signal), 0, 'young ones may have a row on its way');
      assert.deepEqual((await everything(bench, 100)).keys, before);
      bench.clock.shift(2 * hour);
      assert.ok((await sweepOrphans(bench.deps, signal)) >= 3);
      const left = (await everything(bench, 100)).keys.map((key) => key.replace(/^\w+\//, '').slice(0, 36));
      assert.deepEqual([...new Set(left)].sort(), [kept.file.id, open.file.id].sort());
    },
    { deaf: true },
  );

  onBench('a job that was lost is asked for again', async (bench) => {
    const id = randomUUID();
    const { file, upload } = await bench.upload(bytes);
    await bench.send(upload, bytes);
    await bench.ask('POST', `/uploads/${file.id}/complete`);
    await bench.settled(file.id);
    // As it stands where the job was dropped before it read anything.
    await bench.db.raw(
      `DELETE FROM file_results; UPDATE files SET results_status = 'pending', results_count = NULL, look_at = now()`,
    );
    bench.clock.shift(1_000);
    await seeToFiles(bench.deps, signal);
    assert.equal((await bench.settled(file.id)).results_status, 'done');
    assert.equal((await bench.ask('GET', `/results?file_id=${file.id}`)).body.results.length, 2);
    assert.deepEqual((await bench.ask('GET', `/results?file_id=${id}`)).body.results, []);
  });
}

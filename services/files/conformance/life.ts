import assert from 'node:assert/strict';
import { rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { sha256 } from '../testing/bench.ts';
import type { OnBench } from './index.ts';

const audited = rows(
  'test.files_audited',
  Type.Object({ action: Type.String(), actor: Type.String() }),
  `SELECT action, context->'actor'->>'id' AS actor FROM audit_pending WHERE subject = $1`,
);

const table = Buffer.from(
  'Instrument,Reader 3\nDate,2025-01-01\n\nWell,Measurement,Value,Unit\nA1,Absorbance 450 nm,0.125,OD\nA2,Absorbance 450 nm,OVRFLW,OD\nb03,Absorbance 450 nm,1.5e-1,OD\n',
);

export function lifeTests(onBench: OnBench): void {
  onBench('a file goes up, is checked and read, is fetched by a link, and is deleted', async (bench) => {
    const { file, upload } = await bench.upload(table, { workflow_id: 'wf-1', plate_id: 'P-1' });
    assert.equal(file.status, 'expected');
    const sent = await bench.send(upload, table);
    assert.equal(sent.status, 201, await sent.text());
    const told = await bench.ask('POST', `/uploads/${file.id}/complete`);
    assert.equal(told.status, 200);
    const settled = await bench.settled(file.id);
    assert.deepEqual(
      [settled.status, settled.results_status, settled.parser, settled.results_count],
      ['ready', 'done', 'plate-reader-table', 3],
      JSON.stringify(settled),
    );
    for (const query of ['workflow_id=wf-1', 'plate_id=P-1', `file_id=${file.id}`]) {
      const { body } = await bench.ask('GET', `/results?${query}`);
      assert.deepEqual(
        body.results.map((r: Record<string, unknown>) => [
          r.line,
          r.well,
          r.value,
          r.note,
          r.unit,
          r.plate_id,
        ]),
        [
          [5, 'A1', 0.125, null, 'OD', 'P-1'],
          [6, 'A2', null, 'overflow', 'OD', 'P-1'],
          [7, 'B3', 0.15, null, 'OD', 'P-1'],
        ],
      );
    }

    const link = await bench.ask('POST', `/files/${file.id}/links`);
    assert.equal(link.status, 201);
    const url = new URL(link.body.url, bench.url);
    const whole = await fetch(url);
    assert.equal(whole.status, 200);
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), table);
    assert.match(whole.headers.get('content-disposition') ?? '', /^attachment; filename="reading\.csv"/);
    const part = await fetch(url, { headers: { range: 'bytes=5-9' } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes 5-9/${table.length}`);
    assert.equal(await part.text(), table.subarray(5, 10).toString());

    const deleted = await bench.ask('DELETE', `/files/${file.id}`);
    assert.deepEqual(await bench.db.query(audited, [`file:${file.id}`]), [
      { action: 'file.delete', actor: 'ada' },
    ]);
    assert.equal(deleted.body.status, 'deleted');
    const { listed } = await everything(bench, 10);
    assert.deepEqual(await gone(bench, file.id), true, `still there: ${listed}`);
    assert.equal(
      (await bench.ask('GET', `/results?file_id=${file.id}`)).body.results.length,
      3,
      'results stay',
    );
    assert.equal((await bench.ask('POST', `/files/${file.id}/links`)).body.code, 'file_deleted');
    assert.equal((await bench.ask('GET', '/files/usage')).body.bytes, 0);
  });

  onBench('a link is refused when its time is over, and when anything of it is changed', async (bench) => {
    const { file, upload } = await bench.upload(table);
    await bench.send(upload, table);
    await bench.ask('POST', `/uploads/${file.id}/complete`);
    await bench.settled(file.id);
    // A link of ten minutes ago: real S3 servers look at the real time.
    bench.clock.shift(-600_000);
    const old = await bench.ask('POST', `/files/${file.id}/links`);
    bench.clock.shift(600_000);
    const late = await fetch(new URL(old.body.url, bench.url));
    assert.equal(late.status, 403, await late.text());
    const { body } = await bench.ask('POST', `/files/${file.id}/links`);
    const changed = new URL(body.url, bench.url);
    changed.pathname = changed.pathname.replace(file.id, '00000000-0000-4000-8000-000000000000');
    const answer = await fetch(changed);
    assert.equal(answer.status, 403, await answer.text());
  });

  onBench(
    'a file with lines that cannot be read says which, and none of its values is there',
    async (bench) => {
      const bad = Buffer.from('well,value\nA1,0.5\nZZ9,1\nA3,none\n');
      const { file, upload } = await bench.upload(bad, { plate_id: 'P-2' });
      await bench.send(upload, bad);
      await bench.ask('POST', `/uploads/${file.id}/complete`);
      const settled = await bench.settled(file.id);
      assert.deepEqual(
        [settled.status, settled.results_status, settled.faults_count],
        ['ready', 'failed', 2],
      );
      assert.deepEqual(
        settled.faults?.map(({ line, column }) => [line, column]),
        [
          [3, 'well'],
          [4, 'value'],
        ],
      );
      assert.match(
        settled.results_reason ?? '',
        /2 places cannot be read, first in line 3: well must be a well/,
      );
      assert.deepEqual((await bench.ask('GET', '/results?plate_id=P-2')).body.results, []);
      assert.deepEqual(
        bench.told.map(({ type, recipients }) => [type, recipients]),
        [['file.results_failed', ['ada']]],
      );
    },
  );

  onBench('ten files at once are all there, each with its own bytes', async (bench) => {
    const files = Array.from({ length: 10 }, (_, n) => Buffer.alloc(200_000 + n, n + 1));
    const ids = await Promise.all(
      files.map(async (bytes) => {
        const { file, upload } = await bench.upload(bytes, {
          content_type: 'application/octet-stream',
          name: 'raw',
        });
        assert.equal((await bench.send(upload, bytes)).status, 201);
        await bench.ask('POST', `/uploads/${file.id}/complete`);
        return file.id;
      }),
    );
    for (const [n, id] of ids.entries()) {
      assert.equal((await bench.settled(id)).status, 'ready');
      const { body } = await bench.ask('POST', `/files/${id}/links`);
      const fetched = await fetch(new URL(body.url, bench.url));
      assert.equal(sha256(Buffer.from(await fetched.arrayBuffer())), sha256(files[n] ?? Buffer.alloc(0)));
    }
    const keys = await eventually('what came in is gone', async () => {
      const found = await everything(bench, 3);
      return found.keys.length === 10 ? found.keys : undefined;
    });
    assert.deepEqual(keys, keys.toSorted(), 'pages of three, in order, nothing twice');
    assert.equal(new Set(keys).size, 10);
  });
}

type GivenBench = Parameters<Parameters<OnBench>[1]>[0];

/** All that the store holds, page by page. */
export async function everything(
  bench: GivenBench,
  limit: number,
): Promise<{ keys: string[]; listed: string }> {
  const keys: string[] = [];
  for (let after: string | null = null; ; ) {
    const { objects, next } = await bench.store.list(after, limit);
    keys.push(...objects.map(({ key }) => key));
    if (next === null) return { keys, listed: keys.join(' ') };
    after = next;
  }
}

/** Waits until nothing is left under this id. */
export async function gone(bench: GivenBench, id: string): Promise<boolean> {
  for (let look = 0; look < 500; look += 1) {
    const { keys } = await everything(bench, 100);
    if (!keys.some((key) => key.includes(id))) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

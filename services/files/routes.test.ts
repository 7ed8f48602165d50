import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { diskStore } from './stores/disk/index.ts';
import { type Bench, openBench, sha256 } from './testing/bench.ts';

const bytes = Buffer.from('well,value\nA1,1\nA2,2\n');
const request = {
  name: 'a.csv',
  content_type: 'text/csv',
  size: bytes.length,
  sha256: sha256(bytes),
};

describe('files over HTTP', () => {
  let home = '';
  let bench: Bench;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'labwright-routes-'));
    bench = await openBench((given) => diskStore({ ...given, folder: home }), {
      settings: { quotaBytes: 1_000, openUploads: 5, formBytes: 10_000, resumableBytes: 20_000 },
    });
  });
  after(async () => {
    await bench.close();
    await rm(home, { recursive: true, force: true });
  });

  async function ready(content: Buffer, more: object, who: string): Promise<string> {
    const { file, upload } = await bench.upload(content, more, who);
    assert.equal((await bench.send(upload, content)).status, 201);
    assert.equal((await bench.settled(file.id)).status, 'ready');
    return file.id;
  }

  test('what no file can be is refused before there is a policy', async () => {
    const cases: [code: string, status: number, change: object][] = [
      ['invalid_file_name', 400, { name: '../../etc/passwd' }],
      ['invalid_file_name', 400, { name: 'C:\\boot.ini' }],
      ['invalid_file_name', 400, { name: '..' }],
      ['invalid_file_name', 400, { name: 'a\u0000.csv' }],
      ['invalid_file_name', 400, { name: 'photo\u202egpj.exe' }],
      ['content_type_not_allowed', 415, { content_type: 'text/html' }],
      ['content_type_not_allowed', 415, { content_type: 'image/svg+xml' }],
      ['file_too_large', 413, { size: 10_001 }],
      ['file_too_large', 413, { size: 20_001, resumable: true }],
      ['validation_failed', 400, { size: 0 }],
      ['validation_failed', 400, { size: -1 }],
      ['validation_failed', 400, { size: 1.5 }],
      ['validation_failed', 400, { sha256: 'abc' }],
      ['validation_failed', 400, { content_type: 'text/csv\r\nx: y' }],
      ['validation_failed', 400, { more: true }],
    ];
    for (const [code, status, change] of cases) {
      const answer = await bench.ask('POST', '/uploads', { ...request, ...change });
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(change));
    }
    assert.equal((await bench.ask('GET', '/files/usage')).body.open_uploads, 0, 'nothing was promised');
  });

  test('a share is never exceeded, however many ask at once, and deleting gives it back', async () => {
    const large = Buffer.alloc(300, 65);
    const ask = () =>
      bench.ask(
        'POST',
        '/uploads',
        { ...request, size: large.length, sha256: sha256(large), results: 'none' },
        'bob:scientist',
      );
    const answers = await Promise.all(Array.from({ length: 12 }, ask));
    const made = answers.filter(({ status }) => status === 201);
    assert.equal(made.length, 3, 'three times 300 of 1,000');
    for (const { status, body } of answers.filter(({ status }) => status !== 201))
      assert.deepEqual([status, body.code], [409, 'quota_exceeded']);
    const usage = (await bench.ask('GET', '/files/usage', undefined, 'bob:scientist')).body;
    assert.deepEqual([usage.bytes, usage.open_uploads, usage.quota_bytes], [900, 3, 1_000]);
    await bench.ask('DELETE', `/files/${made[0]?.body.file.id}`, undefined, 'bob:scientist');
    assert.equal((await ask()).status, 201);
    const many = await Promise.all(
      Array.from({ length: 8 }, () =>
        bench.ask('POST', '/uploads', { ...request, size: 1 }, 'carl:scientist'),
      ),
    );
    assert.equal(many.filter(({ status }) => status === 201).length, 5, 'uploads under way at once');
  });

  test('who may: a viewer reads, a scientist sends and deletes what is theirs, an operator whatever there is', async () => {
    const id = await ready(bytes, {}, 'dora:scientist');
    const as = (who: string, method: string, path: string, body?: object) =>
      bench.ask(method, path, body, who);
    assert.equal((await as('vera:viewer', 'POST', '/uploads', request)).body.code, 'forbidden');
    assert.equal((await as('vera:viewer', 'GET', `/files/${id}`)).status, 200);
    assert.equal((await as('vera:viewer', 'POST', `/files/${id}/links`)).status, 201);
    assert.equal((await as('vera:viewer', 'DELETE', `/files/${id}`)).body.code, 'forbidden');
    assert.equal((await as('emil:scientist', 'DELETE', `/files/${id}`)).body.code, 'not_your_file');
    assert.equal((await as('emil:scientist', 'POST', `/uploads/${id}/complete`)).body.code, 'not_your_file');
    const deleted = await as('otto:operator', 'DELETE', `/files/${id}`);
    assert.deepEqual([deleted.body.status, deleted.body.status_reason], ['deleted', 'By otto.']);
    assert.equal((await as('otto:operator', 'DELETE', `/files/${id}`)).status, 200, 'again: as it stands');
    assert.equal(
      (await as('vera:viewer', 'GET', `/files/${id.replace(/^./, '0').replace(/.$/, '0')}`)).body.code,
      'file_not_found',
    );
  });

  test('an upload that is asked for twice with one key is one', async () => {
    const send = () =>
      fetch(`${bench.url}/uploads`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': 'twice',
          'x-test-as': 'finn:scientist',
        },
        body: JSON.stringify(request),
      }).then((answer) => answer.json() as Promise<{ file: { id: string } }>);
    const [one, other] = [await send(), await send()];
    assert.equal(one.file.id, other.file.id);
    assert.equal((await bench.ask('GET', '/files/usage', undefined, 'finn:scientist')).body.open_uploads, 1);
  });

  test('pages of two, newest first, by each filter; other cursors are refused', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { file } = await bench.upload(
        bytes,
        { plate_id: 'P-9', workflow_id: `wf-${n % 2}` },
        'gina:scientist',
      );
      ids.unshift(file.id);
    }
    const walk = async (query: string) => {
      const found: string[] = [];
      for (let cursor = ''; ; ) {
        const { body } = await bench.ask('GET', `/files?${query}&limit=2${cursor}`);
        found.push(...body.files.map((file: { id: string }) => file.id));
        if (body.next_cursor === null) return found;
        cursor = `&cursor=${body.next_cursor}`;
      }
    };
    assert.deepEqual(await walk('plate_id=P-9'), ids);
    assert.deepEqual(await walk('owner_id=gina'), ids);
    assert.deepEqual(await walk('workflow_id=wf-1'), [ids[1], ids[3]]);
    assert.deepEqual((await walk('')).slice(0, 5), ids);
    const { body } = await bench.ask('GET', '/files?plate_id=P-9&limit=2');
    for (const query of [
      `plate_id=other&cursor=${body.next_cursor}`,
      'plate_id=P-9&cursor=abc',
      `plate_id=P-9&cursor=${Buffer.from('["files plate_id P-9","2025-13-45T00:00:00Z","x"]').toString('base64url')}`,
    ])
      assert.equal((await bench.ask('GET', `/files?${query}`)).body.code, 'invalid_cursor', query);
    assert.equal((await bench.ask('GET', '/files?plate_id=a&owner_id=b')).body.code, 'validation_failed');
    assert.equal((await bench.ask('GET', '/results')).body.code, 'validation_failed');
  });

  test('results by pages, each once and in order', async () => {
    const grid = Buffer.from(`,1,2,3\nA,0.1,0.2,0.3\nB,0.4,,0.6\nC,0.7,0.8,OVRFLW\n`);
    const id = await ready(grid, { plate_id: 'P-10', results: 'required' }, 'hans:scientist');
    const found: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await bench.ask('GET', `/results?plate_id=P-10&limit=3${cursor}`);
      found.push(...body.results.map((r: { well: string; value: number | null }) => `${r.well}=${r.value}`));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    assert.deepEqual(found, [
      'A1=0.1',
      'A2=0.2',
      'A3=0.3',
      'B1=0.4',
      'B3=0.6',
      'C1=0.7',
      'C2=0.8',
      'C3=null',
    ]);
    assert.equal((await bench.ask('GET', `/files/${id}`)).body.parser, 'plate-reader-grid');
  });

  test('where results are required, a form that nobody knows is a failure; else it is only kept', async () => {
    const notes = Buffer.from('Dear diary,\nnothing happened.\n');
    const strict = await ready(notes, { results: 'required' }, 'ida:scientist');
    const { body } = await bench.ask('GET', `/files/${strict}`);
    assert.deepEqual([body.results_status, body.parser], ['failed', null]);
    assert.match(body.results_reason, /No parser knows/);
    const lax = await ready(notes, {}, 'ida:scientist');
    assert.equal((await bench.ask('GET', `/files/${lax}`)).body.results_status, 'none');
    const unread = await ready(bytes, { results: 'none' }, 'ida:scientist');
    assert.equal((await bench.ask('GET', `/files/${unread}`)).body.results_status, 'none');
  });

  test('a download is an attachment that acts for nobody, and is served in parts', async () => {
    const name = 'Übersicht "final" ☃.csv';
    const id = await ready(bytes, { name }, 'jana:scientist');
    const link = (await bench.ask('POST', `/files/${id}/links`)).body;
    const url = new URL(link.url, bench.url);
    const get = (headers: Record<string, string> = {}, method = 'GET') => fetch(url, { method, headers });
    const whole = await get();
    const header = (name: string) => whole.headers.get(name);
    assert.equal(await whole.text(), bytes.toString());
    assert.equal(header('content-type'), 'text/csv');
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.equal(header('content-security-policy'), "sandbox; default-src 'none'");
    assert.equal(header('content-length'), String(bytes.length));
    const [plain, extended = ''] = (header('content-disposition') ?? '').split("; filename*=UTF-8''");
    assert.equal(plain, 'attachment; filename="_bersicht _final_ _.csv"');
    assert.equal(decodeURIComponent(extended), name);

    const parts: [range: string, expected: string][] = [
      ['bytes=0-3', 'well'],
      ['bytes=-5', bytes.subarray(-5).toString()],
      ['bytes=11-', bytes.subarray(11).toString()],
      ['bytes=0-999999', bytes.toString()],
      ['bytes=-999999', bytes.toString()],
    ];
    for (const [range, expected] of parts) {
      const answer = await get({ range });
      assert.deepEqual([answer.status, await answer.text()], [206, expected], range);
    }
    for (const range of ['bytes=5-3', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=', 'bytes=-']) {
      const answer = await get({ range });
      assert.deepEqual([answer.status, await answer.text()], [200, bytes.toString()], range);
    }
    for (const range of [`bytes=${bytes.length}-`, 'bytes=-0']) {
      const answer = await get({ range });
      const body = (await answer.json()) as { code: string };
      assert.deepEqual([answer.status, body.code], [416, 'range_not_satisfiable'], range);
      assert.equal(answer.headers.get('content-range'), `bytes */${bytes.length}`);
    }
    const tag = header('etag') ?? '';
    assert.equal((await get({ 'if-none-match': tag })).status, 304);
    assert.equal((await get({ range: 'bytes=0-3', 'if-range': '"other"' })).status, 200);
    assert.equal((await get({ range: 'bytes=0-3', 'if-range': tag })).status, 206);
    const head = await get({}, 'HEAD');
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)]);
  });

  test('a link that is late, of another file, or longer than given is refused', async () => {
    const id = await ready(bytes, {}, 'kurt:scientist');
    const link = (await bench.ask('POST', `/files/${id}/links`)).body;
    const codeOf = async (path: string) =>
      ((await (await fetch(bench.url + path)).json()) as { code: string }).code;
    assert.equal(await codeOf(link.url.replace(/expires=\d+/, 'expires=99999999999')), 'invalid_link');
    assert.equal(await codeOf(link.url.replace(/signature=.*/, 'signature=x')), 'invalid_link');
    assert.equal(
      await codeOf(link.url.replace(id, id.replace(/^./, '0').replace(/.$/, '0'))),
      'invalid_link',
    );
    assert.equal(await codeOf(`/files/${id}/content`), 'validation_failed');
    assert.equal(
      await codeOf('/files/..%2f..%2fetc%2fpasswd/content?expires=1&signature=x'),
      'validation_failed',
    );
    bench.clock.shift(300_000);
    assert.equal(await codeOf(link.url), 'link_expired');
    bench.clock.shift(-300_000);
    await bench.ask('DELETE', `/files/${id}`, undefined, 'kurt:scientist');
    assert.equal(await codeOf(link.url), 'file_deleted');
  });
});

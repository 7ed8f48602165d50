import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import type { TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { createLinksDatabase, type LinksServer, startLinks } from '../testing/server.ts';
import { sheets } from './sheets.ts';

let database: TestDatabase;
let links: LinksServer;
before(async () => {
  database = await createLinksDatabase();
  links = await startLinks(database.db);
  const wasm = await readFile(new URL(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')));
  prepareZXingModule({
    overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) },
  });
});
after(async () => {
  await links.stop();
  await database.drop();
});

/** Links of the labels of this file's audit test, each with every entry about it; a link without one has nulls. */
const auditedLabels = rows(
  'test.labels.audited',
  Type.Object({
    id: Type.String(),
    code: Type.String(),
    maker: Type.String(),
    action: nullable(Type.String()),
    subject: nullable(Type.String()),
    actor: nullable(Type.String()),
  }),
  `SELECT l.subject_id AS id, l.code, l.created_by AS maker, p.action, p.subject, p.context #>> '{actor,id}' AS actor
   FROM links l LEFT JOIN audit_pending p ON p.after ->> 'subject_id' = l.subject_id AND p.after ->> 'code' = l.code
   WHERE l.subject_id LIKE 'audited-%' ORDER BY l.subject_id, p.id`,
);

const label = (body: object, given: { as?: string } = {}) =>
  links.ask('POST', '/labels', { subjects: [{ kind: 'sample', id: 'SAMPLE001' }], ...body }, given);

/** What a scanner reads in a picture. */
async function scanned(png: Buffer): Promise<{ format: string; text: string }[]> {
  const read = await readBarcodes(new Uint8Array(png), { tryHarder: true });
  return read.map(({ format, text }) => ({ format, text }));
}

test('PNG: a scanner reads what the symbol was to hold', async () => {
  const qr = await label({ format: 'png' }, { as: 'scientist:bob' });
  assert.deepEqual([qr.status, qr.headers['content-type']], [200, 'image/png']);
  const [read] = await scanned(qr.raw);
  const code = /^http:\/\/lab\.example:5000\/s\/([0-9A-Za-z]{7})$/.exec(read?.text ?? '')?.[1];
  assert.ok(code, JSON.stringify(read));
  const followed = await links.ask('GET', `/s/${code}`);
  assert.equal(followed.headers.location, '/pages/sample/SAMPLE001');
  for (const [symbol, format] of [
    ['datamatrix', 'DataMatrix'],
    ['code128', 'Code128'],
  ]) {
    const { raw } = await label({ format: 'png', symbol });
    assert.deepEqual(await scanned(raw), [{ format, text: 'SAMPLE001' }]);
  }
});

test('where codes lead is told before they are made, and whether only this machine can go there', async () => {
  const address = async (host: string) =>
    (await links.ask('GET', '/labels/address', undefined, { as: 'scientist:bob', headers: { host } })).body;
  assert.deepEqual(await address('lab.example:5000'), { url: 'http://lab.example:5000', loopback: false });
  assert.deepEqual(await address('localhost:5000'), { url: 'http://localhost:5000', loopback: true });
  const refused = await links.ask('GET', '/labels/address', undefined, { as: 'viewer:vera' });
  assert.equal(refused.status, 403);
});

test('a label that is printed again has the code that it had, whoever prints it and however many at once', async () => {
  const subjects = [{ kind: 'plate', id: 'PLATE-7' }];
  const all = await Promise.all(
    Array.from({ length: 10 }, () => links.ask('POST', '/labels', { subjects, format: 'zpl' })),
  );
  const codes = new Set(all.map(({ body }) => /s\/([0-9A-Za-z]{7})/.exec(body)?.[1]));
  assert.equal(codes.size, 1);
  assert.notEqual([...codes][0], undefined);
  const other = await links.ask('POST', '/labels', {
    subjects: [{ kind: 'device', id: 'PLATE-7' }],
    format: 'zpl',
  });
  assert.ok(!codes.has(/s\/([0-9A-Za-z]{7})/.exec(other.body)?.[1]));
});

test('links that labels make are on the audit trail, once each, with whoever printed first; or there is no link', async () => {
  const subjects = Array.from({ length: 5 }, (_, index) => ({ kind: 'sample', id: `audited-${index}` }));
  const print = (who: string) => label({ subjects, format: 'zpl' }, { as: `scientist:${who}` });
  await Promise.all(['bob', 'eve', 'bob', 'eve'].map(print));
  assert.equal((await print('cleo')).status, 200);
  const trail = await database.db.query(auditedLabels);
  assert.deepEqual(
    trail.map(({ action, id }) => [action, id]),
    subjects.map(({ id }) => ['link.create', id]),
  );
  for (const { maker, actor, subject, code } of trail)
    assert.deepEqual([actor, subject], [maker, `link:${code}`]);
  // What cannot be put on record does not happen.
  await database.db.raw(
    `ALTER TABLE audit_pending ADD CONSTRAINT full_up CHECK (action <> 'link.create') NOT VALID`,
  );
  try {
    const refused = await label({ subjects: [{ kind: 'sample', id: 'audited-6' }], format: 'zpl' });
    assert.equal(refused.status, 500);
    assert.equal((await database.db.query(auditedLabels)).length, subjects.length);
  } finally {
    await database.db.raw('ALTER TABLE audit_pending DROP CONSTRAINT full_up');
  }
  assert.equal((await label({ subjects: [{ kind: 'sample', id: 'audited-6' }], format: 'zpl' })).status, 200);
  assert.equal((await database.db.query(auditedLabels)).length, subjects.length + 1);
});

test('SVG: of the size that was asked, with the id to read; what is in an id does not become markup', async () => {
  const id = `A<b>&"'x`;
  const { body, headers, status } = await label({
    subjects: [{ kind: 'sample', id }],
    format: 'svg',
    width_mm: 60,
    height_mm: 30,
  });
  assert.deepEqual([status, headers['content-type']], [200, 'image/svg+xml']);
  assert.match(
    body,
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="60mm" height="30mm" viewBox="0 0 60 30">/,
  );
  assert.ok(!body.includes('<b>'));
  assert.ok(body.includes('A&#60;b&#62;&#38;&#34;&#39;x'));
  assert.match(body, /<path /);
});

test('ZPL: one label after the other, in dots; what is in an id ends no field', async () => {
  const subjects = ['S-1', '^XA^FDx', 'a_b~c|d'].map((id) => ({ kind: 'sample', id }));
  for (const symbol of ['qr', 'datamatrix', 'code128']) {
    const { body, headers, status } = await label({
      subjects,
      symbol,
      format: 'zpl',
      width_mm: 80,
      height_mm: 30,
      dots_per_mm: 12,
    });
    assert.deepEqual([status, headers['content-type']], [200, 'application/zpl; charset=utf-8']);
    assert.equal(body.match(/\^XA\n/g)?.length, 3);
    assert.equal(body.match(/\^XZ\n/g)?.length, 3);
    assert.match(body, /\^PW960\n\^LL360\n/);
    const written = (body.match(/\^FD([^^]*)\^FS/g) ?? []).map(unescapeZpl);
    for (const { id } of subjects) assert.ok(written.includes(id), `${symbol}: ${id} in ${written}`);
    // Every caret that is left begins a command of ours.
    assert.deepEqual(body.match(/\^(?!XA|XZ|CI28|PW|LL|FO|FH|FD|FS|A0N|BQN|BXN|BY|BCN)/g), null);
    if (symbol === 'qr')
      assert.ok(written.some((text: string) => /^MA,http:\/\/lab\.example:5000\/s\/\w{7}$/.test(text)));
    // The character that begins an escape sequence is one that the data does not have.
    if (symbol === 'datamatrix') assert.match(body, /\^BXN,\d+,200,,,,!\^FH\^FDa_5Fb_7Ec_7Cd\^FS/);
  }
});

const unescapeZpl = (field: string) =>
  Buffer.from(
    field
      .slice(3, -3)
      .replace(/_([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

test('400: a symbol that would be too fine for its label, several labels as one picture', async () => {
  const tiny = await label({ format: 'svg', width_mm: 10, height_mm: 5 });
  assert.deepEqual([tiny.status, tiny.body.code], [400, 'label_too_small']);
  assert.match(tiny.body.detail, /\d+ mm in width and height are needed/);
  const long = { subjects: [{ kind: 'sample', id: 'x'.repeat(64) }], symbol: 'code128', format: 'zpl' };
  assert.equal((await label({ ...long, width_mm: 40 })).body.code, 'label_too_small');
  assert.equal((await label({ ...long, width_mm: 200 })).status, 200);
  const two = await label({
    subjects: [
      { kind: 'sample', id: 'a' },
      { kind: 'sample', id: 'b' },
    ],
    format: 'png',
  });
  assert.deepEqual([two.status, two.body.faults[0].path], [400, 'body.subjects']);
  for (const body of [
    { format: 'gif' },
    { format: 'svg', subjects: [] },
    { format: 'svg', subjects: [{ kind: 'person', id: 'x' }] },
  ])
    assert.equal((await label(body)).status, 400);
});

test('sheets: every label on its place, from the first free one on; more than fit are refused', async () => {
  const subjects = Array.from({ length: 30 }, (_, index) => ({ kind: 'sample', id: `T-${index}` }));
  const sheet = (body: object) => links.ask('POST', '/labels/sheets', { subjects, ...body });
  const { body, status, headers } = await sheet({ sheet: 'a4-24', skip: 20 });
  assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8']);
  assert.match(String(headers['content-security-policy']), /style-src 'sha256-/);
  // 4 on the first, 24 on the second, 2 on the third.
  const pages = body.split('<svg xmlns=').slice(1);
  assert.deepEqual(
    pages.map((page: string) => page.match(/>T-\d+</g)?.length),
    [4, 24, 2],
  );
  assert.match(pages[0], /width="210mm" height="297mm"/);
  const small = await sheet({ sheet: 'a4-65', symbol: 'datamatrix' });
  assert.equal(small.status, 200);
  for (const { paper, label: one, columns, rows, left, top, stepX, stepY } of Object.values(sheets)) {
    assert.ok(left + (columns - 1) * stepX + one.width <= paper.width + 0.01);
    assert.ok(top + (rows - 1) * stepY + one.height <= paper.height + 0.01);
    assert.ok(stepX >= one.width && stepY >= one.height);
  }
  const full = await sheet({ sheet: 'a4-24', skip: 24 });
  assert.deepEqual([full.status, full.body.code], [400, 'sheet_too_full']);
});

test('what a label opens: a page for a phone, with what the services know, and in the name of whoever asks', async () => {
  const asked: (string | undefined)[] = [];
  const clients: unknown[] = [];
  const service = createServer((request, response) => {
    asked.push(request.headers.authorization);
    clients.push(request.headers['labwright-client']);
    const known = request.url === '/devices/reader-1';
    response.statusCode = known ? 200 : request.url === '/samples/secret' ? 403 : 404;
    response.end(
      JSON.stringify(known ? { name: 'Reader <1>', type: 'plate_reader', status: 'available' } : {}),
    );
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const address = service.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const fed = await startLinks(database.db, {
    subjects: { devices: () => url, workflows: () => url },
    vouch: (address) => ({ 'labwright-client': `at ${address}` }),
  });
  const page = (path: string) =>
    fed.ask('GET', path, undefined, { headers: { authorization: 'Bearer mine' } });
  const found = await page('/pages/device/reader-1');
  assert.deepEqual([found.status, found.headers['content-type']], [200, 'text/html; charset=utf-8']);
  assert.match(found.body, /<dt>Name<\/dt><dd>Reader &#60;1&#62;<\/dd>.*<dt>Status<\/dt><dd>available<\/dd>/);
  assert.match(found.body, /name="viewport"/);
  assert.match(String(found.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
  assert.match((await page('/pages/plate/none')).body, /knows none with this label/);
  assert.match((await page('/pages/sample/secret')).body, /may not see more/);
  // What its service does not know gets no label, unless that is asked for; where nobody may tell, it does.
  const reader = { kind: 'device', id: 'reader-1' };
  const missing = { kind: 'plate', id: 'PLATE001' };
  const make = (path: string, body: object) =>
    fed.ask('POST', path, body, { headers: { authorization: 'Bearer mine' } });
  for (const [path, how] of [
    ['/labels', { format: 'zpl' }],
    ['/labels/sheets', { sheet: 'a4-24' }],
  ] as const) {
    const refused = await make(path, { subjects: [reader, missing], ...how });
    assert.deepEqual([refused.status, refused.body.code], [404, 'subject_not_found']);
    assert.deepEqual(refused.body.faults, [
      { path: 'body.subjects[1].id', message: 'there is no plate PLATE001' },
    ]);
    assert.equal((await make(path, { subjects: [reader], ...how })).status, 200);
    const meant = await make(path, { subjects: [missing], even_if_unknown: true, ...how });
    assert.equal(meant.status, 200);
  }
  const secret = await make('/labels', { subjects: [{ kind: 'sample', id: 'secret' }], format: 'svg' });
  assert.equal(secret.status, 200);
  assert.deepEqual(new Set(asked), new Set(['Bearer mine']));
  assert.deepEqual(new Set(clients), new Set(['at 127.0.0.1']));
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
  assert.match((await page('/pages/device/reader-1')).body, /cannot be had at the moment/);
  assert.equal((await fed.ask('GET', '/pages/device/reader-1', undefined, { as: 'nobody' })).status, 401);
  assert.equal((await page('/pages/person/x')).status, 400);
  await fed.stop();
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { emptyTables, type SamplesServer, startSamplesServer } from '../testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());
beforeEach(() => lab.database.db.execute(emptyTables));

const forgetKeys = command('samples.import.test.forget_keys', 'DELETE FROM idempotency_keys');
const good = 'barcode,sample_type,plate_id,well,volume_ul\nS1,blood,P1,A1,12.5\nS2,tissue,,,\n';
const sample = async (barcode: string) => {
  const {
    id: _id,
    created_at: _at,
    metadata: _metadata,
    ...rest
  } = (await lab.get(`/samples/${barcode}`)).body;
  return rest;
};

describe('a good file', () => {
  test('200: samples in the order of lines', async () => {
    await lab.post('/plates', { id: 'P1' });
    const answer = await lab.importCsv(good);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, { message: '2 samples imported.', imported: 2, rejected: 0, faults: [] });
    assert.deepEqual(await sample('S1'), {
      barcode: 'S1',
      sample_type: 'blood',
      plate_id: 'P1',
      well: 'A1',
      volume_ul: 12.5,
    });
    const listed = (await lab.get('/samples')).body.samples;
    assert.deepEqual(
      listed.map((s: { barcode: string }) => s.barcode),
      ['S1', 'S2'],
    );
    assert.equal(await lab.staged(), 0);
  });

  const spellings: [string, string][] = [
    ['CRLF', 'barcode,sample_type\r\nS1,blood\r\nS2,blood\r\n'],
    ['no line end at the end', 'barcode,sample_type\nS1,blood\nS2,blood'],
    ['a byte order mark', '\ufeffbarcode,sample_type\nS1,blood\nS2,blood\n'],
    ['a byte order mark and a quoted header', '\ufeff"barcode","sample_type"\nS1,blood\nS2,blood\n'],
    ['blank lines', '\n\r\nbarcode,sample_type\n\nS1,blood\n\r\n\nS2,blood\n\n'],
    ['quoted fields', '"barcode","sample_type"\n"S1","blood"\r\n"S2",blood\n'],
    ['blanks around values', ' barcode ,\tsample_type\n S1 , blood \n\tS2\t,"  blood "\n'],
    ['columns in another order', 'sample_type,volume_ul,barcode\nblood,,S1\nblood,,S2\n'],
  ];
  for (const [name, file] of spellings)
    test(`with ${name}`, async () => {
      const answer = await lab.importCsv(file);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.imported, 2);
      assert.deepEqual((await sample('S2')).sample_type, 'blood');
    });

  test('quotes and commas within a barcode', async () => {
    assert.equal((await lab.importCsv('barcode,sample_type\n"a""b,c",blood\n')).status, 200);
    assert.equal((await sample(encodeURIComponent('a"b,c'))).barcode, 'a"b,c');
  });

  test('volumes are decimal numbers', async () => {
    const file = 'barcode,sample_type,volume_ul\na,blood,0\nb,blood,.5\nc,blood,1e3\nd,blood,007.250\n';
    const answer = await lab.importCsv(file, '?partial=true');
    assert.deepEqual(
      [answer.body.imported, answer.body.faults.map((f: { line: number }) => f.line)],
      [3, [3]],
    );
    assert.equal((await sample('c')).volume_ul, 1000);
    assert.equal((await sample('d')).volume_ul, 7.25);
  });

  test('a header and no rows imports nothing, and that is no fault', async () => {
    const answer = await lab.importCsv('barcode,sample_type\n');
    assert.deepEqual([answer.status, answer.body.imported], [200, 0]);
  });
});

test('?create_plates=true makes plates of 8 × 12, and only those that good rows need', async () => {
  await lab.post('/plates', { id: 'small', rows: 2, columns: 2 });
  const file = `barcode,sample_type,plate_id,well
S1,blood,new-1,H12
S2,blood,new-1,A1
S3,blood,new-2,I1
S4,blood,small,C1
S5,blood,small,B2
`;
  const answer = await lab.importCsv(file, '?create_plates=true&partial=true');
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.imported, 3);
  assert.deepEqual(answer.body.faults, [
    { line: 4, column: 'well', message: 'is not on the plate, which has 8 rows and 12 columns' },
    { line: 5, column: 'well', message: 'is not on the plate, which has 2 rows and 2 columns' },
  ]);
  const { plates } = (await lab.get('/plates')).body;
  assert.deepEqual(
    plates.map((plate: { id: string; rows: number; columns: number }) => [
      plate.id,
      plate.rows,
      plate.columns,
    ]),
    [
      ['new-1', 8, 12],
      ['small', 2, 2],
    ],
  );
});

describe('a file that is not readable', () => {
  const unreadable: [string, string | Buffer, RegExp, number | undefined][] = [
    ['empty', '', /The file is empty/, undefined],
    ['a byte order mark and nothing else', '\ufeff', /The file is empty/, undefined],
    ['blank lines only', '\n\r\n\n', /The file is empty/, undefined],
    ['an unknown column', 'barcode,sample_type,colour\nS1,blood,red\n', /"colour" is no column/, 1],
    ['a column without a name', 'barcode,sample_type,\nS1,blood,\n', /"" is no column/, 1],
    ['a column twice', 'barcode,sample_type,barcode\nS1,blood,S1\n', /barcode is there twice/, 1],
    ['a missing column', '\nbarcode,well\nS1,A1\n', /sample_type is missing/, 2],
    ['no header', 'S1,blood\n', /barcode is missing; sample_type is missing/, 1],
    ['UTF-16', Buffer.from('\ufeffbarcode,sample_type\nS1,blood\n', 'utf16le'), /UTF-16/, undefined],
    ['UTF-16 without a mark', Buffer.from('barcode,sample_type\n', 'utf16le'), /is no column/, 1],
    ['a quote left open', 'barcode,sample_type\nS1,blood\nS2,"blood\nS3,blood\n', /line 3 opens a quote/, 3],
    [
      'a quote left open in a long file',
      `barcode,sample_type\nS1,blood\nS2,"blood\n${'S3,blood\n'.repeat(5_000)}`,
      /line 3 is longer than 10000 characters/,
      3,
    ],
    [
      'text behind a closing quote',
      'barcode,sample_type\n"a\r\nb",x\n"S1"x,blood\n',
      /line 4 goes on behind/,
      4,
    ],
    ['a stray quote', 'barcode,sample_type\nS1,blood\n5" tube,blood\n', /line 3 has a quote/, 3],
    ['semicolons', 'barcode;sample_type\nS1;blood\n', /semicolons. Save the file with commas/, 1],
    ['a header of many columns', `${',x'.repeat(40)}\n`, /"" is no column of it; "x" is no column/, 1],
    ['a line of commas', `barcode,sample_type\n${','.repeat(100_000)}\n`, /line 2 is longer/, 2],
    [
      'a line of many characters',
      `barcode,sample_type\n${'x'.repeat(1_000_000)},blood\n`,
      /line 2 is longer/,
      2,
    ],
  ];
  for (const [name, file, detail, line] of unreadable)
    test(`400: ${name}`, async () => {
      const answer = await lab.importCsv(file, '?partial=true');
      assert.deepEqual([answer.status, answer.body.code], [400, 'import_unreadable'], answer.text);
      assert.match(answer.body.detail, detail);
      assert.equal(answer.body.line, line);
      assert.equal(await lab.count(), 0);
      assert.equal(await lab.staged(), 0);
    });

  test('good rows before the place are not imported, not even a batch of them', async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => `S${i},blood\n`).join('');
    const answer = await lab.importCsv(`barcode,sample_type\n${rows}S,"blood`, '?partial=true');
    assert.deepEqual(
      [answer.status, answer.body.line, await lab.count(), await lab.staged()],
      [400, 5_002, 0, 0],
    );
  });
});

test('415: another content type, another character set, a compressed file; 400 for no body at all', async () => {
  for (const headers of [
    { 'content-type': 'application/json' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'text/csv; charset=iso-8859-1' },
    { 'content-encoding': 'gzip' },
  ]) {
    const answer = await lab.importCsv(good, '', headers as Record<string, string>);
    assert.deepEqual([answer.status, answer.body.code], [415, 'unsupported_media_type']);
    assert.match(answer.body.detail, /text\/csv/);
  }
  const charset = { 'content-type': 'text/csv; header=present; charset="UTF-8"' };
  assert.equal((await lab.importCsv(good, '?create_plates=true', charset)).status, 200);
  const none = await lab.post('/samples/import');
  assert.deepEqual([none.status, none.body.code], [400, 'import_unreadable']);
  const query = await lab.importCsv(good, '?partially=true');
  assert.deepEqual([query.status, query.body.code], [400, 'validation_failed']);
});

describe('Idempotency-Key', () => {
  const key = { 'idempotency-key': 'import-1' };
  const file = 'barcode,sample_type\nS1,blood\nS2,blood\n';

  test('the same file: the same answer, and nothing twice', async () => {
    const first = await lab.importCsv(file, '', key);
    const second = await lab.importCsv(file, '', key);
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    assert.equal(second.headers['idempotency-replayed'], 'true');
    assert.deepEqual(second.body, first.body);
    assert.equal(await lab.count(), 2);
  });

  test('422: another file of the same length', async () => {
    await lab.importCsv(file, '', { 'idempotency-key': 'import-2' });
    const other = await lab.importCsv(file.replace('S2', 'S3'), '', { 'idempotency-key': 'import-2' });
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    assert.equal(await lab.count(), 2);
  });

  test('where the first answer was lost after the commit, the file is not imported again', async () => {
    const keyed = { 'idempotency-key': 'import-3' };
    const first = await lab.importCsv(file, '', keyed);
    await lab.database.db.execute(forgetKeys);
    const again = await lab.importCsv(file, '', keyed);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal(await lab.count(), 2);
    await lab.database.db.execute(forgetKeys);
    const other = await lab.importCsv(`${file}S3,blood\n`, '', keyed);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    assert.equal(await lab.count(), 2);
  });

  test('a rejection is replayed too', async () => {
    const keyed = { 'idempotency-key': 'import-4' };
    const first = await lab.importCsv('barcode,sample_type\n,blood\n', '', keyed);
    const second = await lab.importCsv('barcode,sample_type\n,blood\n', '', keyed);
    assert.deepEqual([first.status, second.status], [422, 422]);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers['idempotency-replayed'], 'true');
  });
});

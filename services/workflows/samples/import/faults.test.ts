import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { emptyTables, type SamplesServer, startSamplesServer } from '../testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());
beforeEach(async () => {
  await lab.database.db.execute(emptyTables);
  await lab.post('/plates', { id: 'P1' });
  await lab.post('/samples', { barcode: 'old', sample_type: 'blood', plate_id: 'P1', well: 'H12' });
});

const header = 'barcode,sample_type,plate_id,well,volume_ul';
const noPlate = 'names no plate: make it first, or import with ?create_plates=true';
const text = 'must be 1 to 64 visible ASCII characters';
const type =
  'must begin with a lower-case letter and go on in lower-case letters, digits, blanks, "_" and "-"; at most 50';
const volume = 'must be a number of microlitres from 0 to 1000000000, like 12.5';
const well = 'must be a well like A1 or H12, up to AF48';

/** A row, and what is wrong with it: [column, message]. */
const rows: [string, ...[string, string][]][] = [
  ['S1,blood,P1,A1,1'],
  [',blood,,,', ['barcode', 'is required']],
  ['S 2,blood,,,', ['barcode', text]],
  [`${'x'.repeat(65)},blood,,,`, ['barcode', text]],
  ['Sä,blood,,,', ['barcode', text]],
  ['a\u0000b,blood,,,', ['barcode', text]],
  ['S3,,,,', ['sample_type', 'is required']],
  ['S4,Blood,,,', ['sample_type', type]],
  ['S5,blood,P/1,A1,', ['plate_id', 'must be letters, digits, "_", "." and "-"; at most 50']],
  ['S6,blood,P1,A01,', ['well', well]],
  ['S7,blood,P1,AG1,', ['well', well]],
  ['S8,blood,P1,,', ['well', 'is required where a plate is given']],
  ['S9,blood,,A1,', ['plate_id', 'is required where a well is given']],
  ['S10,blood,,,-1', ['volume_ul', volume]],
  ['S11,blood,,,"1,5"', ['volume_ul', volume]],
  ['S12,blood,,,1000000001', ['volume_ul', volume]],
  ['S13,blood,,,NaN', ['volume_ul', volume]],
  ['S14,blood,,,0x10', ['volume_ul', volume]],
  ['S15,blood,,,1e999', ['volume_ul', volume]],
  ['S16,blood,,', ['row', 'must have 5 fields like the header, and has 4']],
  ['S17,blood,,,,', ['row', 'must have 5 fields like the header, and has 6']],
  [`S18${','.repeat(40)}`, ['row', 'must have 5 fields like the header, and has 16 or more']],
  ['S19,blood,P9,A1,', ['plate_id', noPlate]],
  ['S20,blood,P1,I1,', ['well', 'is not on the plate, which has 8 rows and 12 columns']],
  ['S21,blood,P1,A13,', ['well', 'is not on the plate, which has 8 rows and 12 columns']],
  ['S1,blood,,,', ['barcode', 'stands in line 2 already']],
  ['S22,blood,P1,A1,', ['well', 'is taken by line 2 already']],
  ['old,blood,,,', ['barcode', 'is that of a sample which exists already']],
  ['S23,blood,P1,H12,', ['well', 'is taken by the sample old already']],
  ['old,blood,P1,H12,', ['barcode', 'stands in line 29 already'], ['well', 'is taken by line 30 already']],
  // Also beside a row that is itself bad: mended, both would claim it.
  ['S10,blood,,,1', ['barcode', 'stands in line 15 already']],
  ['S19b,blood,P9,A1,', ['plate_id', noPlate], ['well', 'is taken by line 24 already']],
  [
    ' ,X,P1,,x',
    ['barcode', 'is required'],
    ['sample_type', type],
    ['well', 'is required where a plate is given'],
    ['volume_ul', volume],
  ],
  ['S24,blood,P1,A2,1'],
];
const file = `${header}\n${rows.map(([row]) => row).join('\n')}\n`;
const expected = rows.flatMap(([, ...faults], index) =>
  faults.map(([column, message]) => ({ line: index + 2, column, message })),
);

test('422: every fault with its line, column and message; nothing is imported', async () => {
  const answer = await lab.importCsv(file);
  assert.equal(answer.status, 422);
  assert.match(answer.headers['content-type'] as string, /^application\/problem\+json/);
  assert.deepEqual(answer.body.faults, expected);
  assert.equal(answer.body.code, 'import_rejected');
  assert.deepEqual([answer.body.imported, answer.body.rejected], [0, rows.length - 2]);
  assert.match(answer.body.error, /32 rows of 34 cannot be imported/);
  assert.equal(await lab.count(), 1);
  assert.equal(await lab.staged(), 0);
});

test('?partial=true: 200, the good rows are in, the faults are the same', async () => {
  const answer = await lab.importCsv(file, '?partial=true');
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.faults, expected);
  assert.deepEqual([answer.body.imported, answer.body.rejected], [2, rows.length - 2]);
  assert.equal(answer.body.message, '2 samples imported, 32 rows rejected.');
  const { samples } = (await lab.get('/samples?barcode_prefix=S')).body;
  assert.deepEqual(
    samples.map((sample: { barcode: string }) => sample.barcode),
    ['S1', 'S24'],
  );
});

test('partial with bad rows alone: 200 and nothing imported', async () => {
  const answer = await lab.importCsv(`${header}\n,,,,\n`, '?partial=true');
  assert.deepEqual([answer.status, answer.body.imported, answer.body.rejected], [200, 0, 1]);
});

test('bytes that are not UTF-8 are a fault of their row', async () => {
  const bytes = Buffer.concat([
    Buffer.from('barcode,sample_type\nS1,blood\nS'),
    Buffer.from([0xe4]),
    Buffer.from(',blood\nS3,'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('\nS4,blood\n'),
  ]);
  const answer = await lab.importCsv(bytes);
  assert.equal(answer.status, 422);
  assert.deepEqual(answer.body.faults, [
    { line: 3, column: 'barcode', message: 'is not UTF-8 text' },
    { line: 4, column: 'sample_type', message: 'is not UTF-8 text' },
  ]);
});

test('lines are those of the file: blank lines and line ends within quotes count', async () => {
  const lines = [
    'barcode,sample_type,volume_ul',
    '',
    '"a\r\nb\r\n",blood,1',
    'S1,"b\nl\n\nood",1',
    '"S2","blood","x"',
    '',
    'S3,blood,y',
  ];
  for (const end of ['\n', '\r\n']) {
    const answer = await lab.importCsv(lines.join(end));
    assert.deepEqual(
      answer.body.faults.map((fault: { line: number; column: string }) => [fault.line, fault.column]),
      [
        [3, 'barcode'],
        [6, 'sample_type'],
        [10, 'volume_ul'],
        [12, 'volume_ul'],
      ],
    );
  }
});

test('the first 1,000 faults are listed, all bad rows are counted, also across batches', async () => {
  const bad = Array.from({ length: 4_500 }, (_, i) => `S${i},Blood,,,`);
  const answer = await lab.importCsv(`${header}\n${bad.join('\n')}\n`);
  assert.equal(answer.status, 422);
  assert.equal(answer.body.rejected, 4_500);
  assert.equal(answer.body.faults.length, 1_000);
  assert.equal(answer.body.faults.at(-1).line, 1_001);
});

test('duplicates are found across batches, and name the first line', async () => {
  const many = Array.from({ length: 4_500 }, (_, i) => `S${i},blood,,,`);
  const answer = await lab.importCsv(`${header}\n${[...many, 'S4499,blood,,,', 'S0,blood,,,'].join('\n')}\n`);
  assert.deepEqual(answer.body.faults, [
    { line: 4_502, column: 'barcode', message: 'stands in line 4501 already' },
    { line: 4_503, column: 'barcode', message: 'stands in line 2 already' },
  ]);
});

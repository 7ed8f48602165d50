import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import fc from 'fast-check';
import { emptyTables, type SamplesServer, startSamplesServer } from '../testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());

/** The ways in which a row is made bad, and the columns that the import must name for it. */
const ways = {
  good: [],
  noBarcode: ['barcode'],
  oddBarcode: ['barcode'],
  notUtf8: ['barcode'],
  knownBarcode: ['barcode'],
  repeatedBarcode: ['barcode'],
  oddType: ['sample_type'],
  unknownPlate: ['plate_id'],
  offPlate: ['well'],
  noWell: ['well'],
  noPlate: ['plate_id'],
  takenWell: ['well'],
  repeatedWell: ['well'],
  oddVolume: ['volume_ul'],
  threeAtOnce: ['barcode', 'sample_type', 'volume_ul'],
  shortRow: ['row'],
  longRow: ['row'],
} as const;
type Way = keyof typeof ways;

const columns = ['barcode', 'sample_type', 'plate_id', 'well', 'volume_ul'] as const;
type Values = Record<(typeof columns)[number], string>;

const wellAt = (n: number) => `${'ABCDEFGH'[n % 8]}${Math.floor(n / 8) + 1}`;

/** Row `n` (below 80: the wells after that are for other uses), which may repeat what row `first` has. */
function valuesOf(way: Way, n: number, first: Values | undefined): Values {
  const good: Values = {
    barcode: `S-${n}`,
    sample_type: 'blood',
    plate_id: 'P1',
    well: wellAt(n),
    volume_ul: String(n / 4),
  };
  switch (way) {
    case 'noBarcode':
      return { ...good, barcode: ' ' };
    case 'oddBarcode':
      return { ...good, barcode: `S\r\n${n}\n` };
    case 'notUtf8':
      return { ...good, barcode: `S\xff${n}` };
    case 'knownBarcode':
      return { ...good, barcode: 'known' };
    case 'repeatedBarcode':
      return { ...good, barcode: first?.barcode ?? 'known' };
    case 'oddType':
      return { ...good, sample_type: 'BLOOD' };
    case 'unknownPlate':
      return { ...good, plate_id: 'P404' };
    case 'offPlate':
      return { ...good, well: 'I1' };
    case 'noWell':
      return { ...good, well: '' };
    case 'noPlate':
      return { ...good, plate_id: '' };
    case 'takenWell':
      return { ...good, well: 'H12' };
    case 'repeatedWell':
      return { ...good, well: first?.well ?? 'H12' };
    case 'oddVolume':
      return { ...good, volume_ul: '1"5' };
    case 'threeAtOnce':
      return { ...good, barcode: '', sample_type: '', volume_ul: '-' };
    default:
      return good;
  }
}

const written = fc.record({
  way: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Way>('good') },
    fc.constantFrom(...(Object.keys(ways) as Way[])),
  ),
  quoted: fc.boolean(),
  blankBefore: fc.boolean(),
  end: fc.constantFrom('\n', '\r\n'),
});
const files = fc.record({
  rows: fc.array(written, { maxLength: 70 }),
  order: fc.shuffledSubarray([...columns], { minLength: columns.length, maxLength: columns.length }),
  mark: fc.boolean(),
});
type File = typeof files extends fc.Arbitrary<infer T> ? T : never;

const quote = (text: string, always: boolean) =>
  always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** The file, what the import must say about it, and the barcodes of its good rows. */
function make({ rows, order, mark }: File) {
  let text = `${mark ? '\xef\xbb\xbf' : ''}${order.join()}\r\n`;
  let line = 2;
  let first: Values | undefined;
  const faults: [number, string][] = [];
  const good: string[] = [];
  rows.forEach(({ way, quoted, blankBefore, end }, n) => {
    if (blankBefore) {
      text += end;
      line += 1;
    }
    const values = valuesOf(way, n, first);
    const fields = order.map((column) => quote(values[column], quoted));
    if (way === 'shortRow') fields.pop();
    if (way === 'longRow') fields.push('');
    const row = `${fields.join()}${end}`;
    faults.push(...ways[way].map((column): [number, string] => [line, column]));
    if (way === 'good') {
      first ??= values;
      good.push(values.barcode);
    }
    text += row;
    line += row.split('\n').length - 1;
  });
  return { bytes: Buffer.from(text, 'latin1'), faults, good };
}

const told = (body: { faults: { line: number; column: string }[] }) =>
  body.faults.map(({ line, column }): [number, string] => [line, column]);

test('whatever the file: exactly its bad rows are reported, and exactly its good ones imported', async () => {
  const { seed } = seededRandom('random files');
  await fc.assert(
    fc.asyncProperty(files, async (file) => {
      await lab.database.db.execute(emptyTables);
      await lab.post('/plates', { id: 'P1' });
      await lab.post('/samples', { barcode: 'known', sample_type: 'blood', plate_id: 'P1', well: 'H12' });
      const { bytes, faults, good } = make(file);

      const whole = await lab.importCsv(bytes);
      assert.equal(whole.status, faults.length > 0 ? 422 : 200, whole.text);
      assert.deepEqual(told(whole.body), faults);
      assert.equal(whole.body.rejected, new Set(faults.map(([line]) => line)).size);
      assert.equal(await lab.count(), 1 + (faults.length > 0 ? 0 : good.length));

      if (faults.length > 0) {
        const part = await lab.importCsv(bytes, '?partial=true');
        assert.deepEqual([part.status, part.body.imported], [200, good.length], part.text);
        assert.deepEqual(told(part.body), faults);
      }
      const { samples } = (await lab.get('/samples?limit=100')).body;
      const barcodes = samples.map((sample: { barcode: string }) => sample.barcode);
      assert.deepEqual(barcodes, ['known', ...good]);
      assert.equal(await lab.staged(), 0);
    }),
    { seed, numRuns: 60 },
  );
});

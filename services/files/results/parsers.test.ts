import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { openText } from './lines.ts';
import { headBytes, parserFor, type ReadResult } from './registry.ts';

/** All that a file says, taken in pieces of this size. */
async function readAll(bytes: Buffer, pieceBytes = 65_536) {
  const head = bytes.subarray(0, headBytes);
  const parser = parserFor(head);
  if (!parser) return { parser: undefined, results: [], faults: [] };
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const results: ReadResult[] = [];
  const faults: { line: number; column: string | null; message: string }[] = [];
  for await (const reading of parser.read(openText(head).rows(pieces())))
    if ('result' in reading) results.push(reading.result);
    else faults.push(reading.fault);
  return { parser: parser.name, results, faults };
}

const brief = ({ line, well, value, note }: ReadResult) => `${line} ${well} ${value ?? note}`;

test('a table: commas, semicolons with decimal commas, tabs, quotes, UTF-16, any line end', async () => {
  const table = 'Reader 3\n\nPlate ID,Well ID,Absorbance,Units\nP-1,A01,0.5,OD\nP-2,h12,UNDRFLW,OD\n';
  const expected = ['4 A1 0.5', '5 H12 underflow'];
  const forms: Record<string, Buffer> = {
    plain: Buffer.from(table),
    'byte order mark': Buffer.from(`\ufeff${table}`),
    'CR LF': Buffer.from(table.replaceAll('\n', '\r\n')),
    CR: Buffer.from(table.replaceAll('\n', '\r')),
    semicolons: Buffer.from(table.replaceAll(',', ';').replace('0.5', '0,5')),
    tabs: Buffer.from(table.replaceAll(',', '\t')),
    quotes: Buffer.from(table.replaceAll('P-1', '"P-1"').replace('0.5', ' "0.5" ')),
    'UTF-16': Buffer.from(`\ufeff${table}`, 'utf16le'),
    'no line end': Buffer.from(table.trimEnd()),
  };
  for (const [name, bytes] of Object.entries(forms))
    for (const pieceBytes of [1, 7, 65_536]) {
      const { parser, results, faults } = await readAll(bytes, pieceBytes);
      assert.deepEqual([parser, faults], ['plate-reader-table', []], name);
      assert.deepEqual(results.map(brief), expected, `${name}, ${pieceBytes}`);
      assert.deepEqual(
        results.map(({ plate_id, measurement }) => [plate_id, measurement]),
        [
          ['P-1', 'Absorbance'],
          ['P-2', 'Absorbance'],
        ],
      );
    }
});

test('a grid: several plates with their titles, empty wells, what could not be measured', async () => {
  const grid = [
    'Reader 3',
    'Absorbance 450 nm',
    '<>,1,2,3',
    'A,0.1,0.2,OVRFLW',
    'B,,0.5,0.6',
    '',
    'Absorbance 620 nm',
    ',1,2,3,,',
    'A,1,2,3',
  ].join('\n');
  const { parser, results, faults } = await readAll(Buffer.from(grid));
  assert.deepEqual([parser, faults], ['plate-reader-grid', []]);
  assert.deepEqual(results.map(brief), [
    '4 A1 0.1',
    '4 A2 0.2',
    '4 A3 overflow',
    '5 B2 0.5',
    '5 B3 0.6',
    '9 A1 1',
    '9 A2 2',
    '9 A3 3',
  ]);
  assert.deepEqual(
    new Set(results.map(({ measurement }) => measurement)),
    new Set(['Absorbance 450 nm', 'Absorbance 620 nm']),
  );
});

test('each fault is told with its line', async () => {
  const table = 'well,value\nA1,1\nQQ1,1\nA0,1\nA49,1\nA2,\nA3,1.2.3\nA4,0x10\n"A5,1\nA6,"1"x\nA7,1\n';
  const { faults, results } = await readAll(Buffer.from(table));
  assert.deepEqual(results.map(brief), ['2 A1 1', '11 A7 1']);
  assert.deepEqual(
    faults.map(({ line, column }) => `${line} ${column}`),
    ['3 well', '4 well', '5 well', '6 value', '7 value', '8 value', '9 null', '10 null'],
  );
  const grid = ',1,2\nA,1,2\nC,3,4\nD,x,4\nE,1,2,3\n';
  const found = await readAll(Buffer.from(grid));
  assert.deepEqual(
    found.faults.map(({ line, column }) => `${line} ${column}`),
    ['3 null', '4 D1', '5 null'],
  );
});

test('what is neither is no results, and names of members of objects are no columns', async () => {
  for (const text of [
    '',
    'hello\n',
    '{"well": 1}',
    'constructor,__proto__\nA1,1\n',
    '\u0000\u0001,1,2\nA,1,2',
    '1,2,3\n4,5,6\n',
  ])
    assert.equal((await readAll(Buffer.from(text))).parser, undefined, JSON.stringify(text));
});

test('a line without end, a million commas and a quote without end are faults, in little memory and time', async () => {
  for (const rest of ['a'.repeat(3_000_000), ','.repeat(1_000_000), `"${'a,'.repeat(500_000)}`]) {
    const began = performance.now();
    const { faults, results } = await readAll(Buffer.from(`well,value\n${rest}\nA1,1\n`));
    assert.deepEqual(
      faults.map(({ line }) => line),
      [2],
    );
    assert.deepEqual(results.map(brief), ['3 A1 1']);
    assert.ok(performance.now() - began < 10_000);
  }
});

test('random plates come back as they were written, whatever the form and the pieces', async () => {
  const { next: random } = seededRandom('plates');
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  for (let round = 0; round < 60; round += 1) {
    const rows = 1 + Math.floor(random() * 16);
    const columns = 2 + Math.floor(random() * 23);
    const separator = pick([',', ';', '\t']);
    const end = pick(['\n', '\r\n']);
    const wells: [string, number][] = [];
    const lines = [
      ['Reader', 'x', 'y', 'z'].join(separator),
      ['', ...Array.from({ length: columns }, (_, n) => n + 1)].join(separator),
    ];
    for (let row = 0; row < rows; row += 1) {
      const letter = String.fromCharCode(65 + row);
      const values = Array.from({ length: columns }, () => Math.round(random() * 1e6) / 1e4);
      for (const [n, value] of values.entries()) wells.push([`${letter}${n + 1}`, value]);
      lines.push([letter, ...values].join(separator));
    }
    const asGrid = await readAll(Buffer.from(lines.join(end)), 1 + Math.floor(random() * 50));
    const asTable = await readAll(
      Buffer.from(
        [
          ['well', 'value', 'unit', 'label'].join(separator),
          ...wells.map(([well, value]) => [well, value, 'OD', 'x'].join(separator)),
        ].join(end),
      ),
      1 + Math.floor(random() * 50),
    );
    for (const read of [asGrid, asTable]) {
      assert.deepEqual(read.faults, []);
      assert.deepEqual(
        read.results.map(({ well, value }) => [well, value]),
        wells,
        `round ${round}`,
      );
    }
  }
});

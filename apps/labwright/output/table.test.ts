import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { testTerminal } from '../command-line/testing.ts';
import { factsText, rowPrinter, tableLines, tableText } from './table.ts';
import { cut, plain, widthOf } from './width.ts';
import { ago, briefly, clockTime, span, took } from './words.ts';

interface Robot {
  id: string;
  legs: number | null;
  story: string;
}
const robots: Robot[] = [
  { id: 'r2', legs: 3, story: 'it beeps' },
  { id: 'marvin', legs: null, story: 'a brain the size of a planet, and they ask it to open doors' },
];
const columns = [
  { head: 'id', cell: ({ id }: Robot) => id },
  { head: 'legs', cell: ({ legs }: Robot) => legs, right: true },
  { head: 'story', cell: ({ story }: Robot) => story, shrinks: true as const },
];

test('columns are as wide as what stands in them; where nothing is, a dash', () => {
  assert.equal(
    tableText(columns, robots, testTerminal()),
    [
      'id      legs  story',
      'r2         3  it beeps',
      'marvin     –  a brain the size of a planet, and they ask it to open doors',
      '',
    ].join('\n'),
  );
});

test('on a terminal no line is longer than it is wide, and what was left out shows', () => {
  for (const width of [80, 40, 30]) {
    const text = tableText(columns, robots, testTerminal({ columns: width, env: { NO_COLOR: '1' } }));
    const lines = text.split('\n');
    assert.ok(Math.max(...lines.map(widthOf)) <= width, `${width}:\n${text}`);
    assert.equal(
      lines.some((line) => line.endsWith('…')),
      width < 80,
    );
  }
});

test('where it is too narrow, columns with nothing in them go first, then the spare ones in their order; in a pipe none', () => {
  const wide = [
    { head: 'id', cell: ({ id }: Robot) => id.padEnd(30, '.') },
    { head: 'owner', cell: () => null },
    { head: 'colour', cell: () => 'a colour that is long', spare: 2 },
    { head: 'weight', cell: () => 'a weight that is long', spare: 1 },
    { head: 'story', cell: ({ story }: Robot) => story, shrinks: true as const },
  ];
  const heads = (columns?: number) =>
    tableText(wide, robots, testTerminal(columns === undefined ? {} : { columns, env: { NO_COLOR: '1' } }))
      .split('\n')[0]
      ?.split(/ +/);
  assert.deepEqual(heads(), ['id', 'owner', 'colour', 'weight', 'story']);
  assert.deepEqual(heads(200), ['id', 'owner', 'colour', 'weight', 'story']);
  assert.deepEqual(heads(100), ['id', 'colour', 'weight', 'story']);
  assert.deepEqual(heads(80), ['id', 'colour', 'story']);
  assert.deepEqual(heads(60), ['id', 'story']);
});

test('colours change no width', () => {
  const coloured = [
    {
      ...columns[0],
      head: 'id',
      cell: ({ id }: Robot) => id,
      style: (text: string) => `\x1b[31m${text}\x1b[39m`,
    },
    ...columns.slice(1),
  ];
  const terminal = testTerminal({ columns: 80 });
  const bare = tableLines(coloured, robots, terminal, 80).map((line) => stripVTControlCharacters(line));
  assert.deepEqual(bare, tableLines(columns, robots, testTerminal(), 80));
});

test('what a laboratory holds cannot command the terminal', () => {
  const evil = { id: '\x1b[2Jr2\u202e', legs: 1, story: 'one\nline\r\nonly\x07' };
  const text = tableText(columns, [evil], testTerminal());
  for (const control of ['\x1b', '\x07', '\r', '\u202e']) assert.ok(!text.includes(control));
  assert.match(text, /one line only/);
  assert.equal(text.trim().split('\n').length, 2);
  assert.equal(plain('a\tb'), 'a b');
});

test('rows that come later line up with those before', () => {
  const terminal = testTerminal();
  const print = rowPrinter(columns, [robots[1] as Robot], terminal);
  for (const robot of robots) print(robot);
  const lines = terminal.said().split('\n');
  assert.equal(lines[0]?.indexOf('story'), lines[1]?.indexOf('it beeps'));
});

test('wide characters take two columns, combined ones none', () => {
  assert.deepEqual(['abc', '研究', 'é', '👩‍🔬'].map(widthOf), [3, 4, 1, 2]);
  assert.equal(cut('研究室です', 5), '研究…');
  assert.equal(cut('abc', 3), 'abc');
  assert.equal(cut('abcd', 3), 'ab…');
});

test('facts line up', () => {
  assert.equal(
    factsText([
      ['a', 1],
      ['long', null],
    ]),
    'a     1\nlong  –\n',
  );
});

test('spans and times as people say them', () => {
  assert.deepEqual([0, 4.4, 59.4, 90, 720, 7_200, 86_400 * 3].map(span), [
    '0 s',
    '4 s',
    '59 s',
    '1.5 min',
    '12 min',
    '2 h',
    '3 d',
  ]);
  assert.equal(ago('2026-03-01T00:00:00Z', Date.parse('2026-03-01T00:10:00Z')), '10 min ago');
  assert.match(clockTime('2026-03-01T12:00:00.123456Z'), /^2026-0[23]-\d\d \d\d:\d\d:00$/);
});

test('what came of something in one line: members, and of what is nested how much it is', () => {
  assert.equal(
    briefly({ mean: 1.5, values: { A1: 1, A2: 2 }, wells: [], unit: 'OD' }),
    'mean 1.5, values {2}, wells [0], unit OD',
  );
  assert.deepEqual([0.4, 340, 4_234, 12_000].map(took), ['0 ms', '340 ms', '4.2 s', '12 s']);
});

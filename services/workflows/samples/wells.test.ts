import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWells, fits, parseWell } from './wells.ts';

test('wells are named from A1 to AF48', () => {
  assert.deepEqual(parseWell('A1'), { row: 1, column: 1 });
  assert.deepEqual(parseWell('H12'), { row: 8, column: 12 });
  assert.deepEqual(parseWell('Z9'), { row: 26, column: 9 });
  assert.deepEqual(parseWell('AA1'), { row: 27, column: 1 });
  assert.deepEqual(parseWell('AF48'), { row: 32, column: 48 });
});

test('what is no well of any plate', () => {
  for (const name of [
    '',
    'A',
    '1',
    'A0',
    'A01',
    'a1',
    'A49',
    'AG1',
    'ZZ1',
    'AAA1',
    'A1 ',
    'A100',
    '1A',
    'A-1',
    'Ä1',
  ])
    assert.equal(parseWell(name), undefined, name);
});

test('a well fits a plate that has its row and its column', () => {
  const size = { rows: 8, columns: 12 };
  assert.ok(fits({ row: 8, column: 12 }, size));
  assert.ok(!fits({ row: 9, column: 1 }, size));
  assert.ok(!fits({ row: 1, column: 13 }, size));
});

test('wells are ordered row by row, and by number within the row', () => {
  const names = ['AA1', 'B1', 'A10', 'A2', 'A1', 'Z48'];
  assert.deepEqual(names.sort(compareWells), ['A1', 'A2', 'A10', 'B1', 'Z48', 'AA1']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  levels,
  measuresOf,
  placeAfter,
  plainWell,
  rowName,
  scaleOf,
  shortNumber,
  wellName,
} from './wells.ts';

test('wells are named as on the plate, up to AF48', () => {
  assert.deepEqual([0, 7, 25, 26, 31].map(rowName), ['A', 'H', 'Z', 'AA', 'AF']);
  assert.equal(wellName(31, 47), 'AF48');
  assert.deepEqual(['a01', 'B3', 'AF010'].map(plainWell), ['A1', 'B3', 'AF10']);
});

test('a scale has the least at its one end and the most at the other', () => {
  const scale = scaleOf([2, 9, 4]);
  assert.ok(scale);
  assert.deepEqual([scale.least, scale.most], [2, 9]);
  assert.deepEqual([2, 2.9, 9, 8.1].map(scale.levelOf), [0, 0, levels - 1, levels - 1]);
  assert.equal(scaleOf([]), undefined);
  // All the same: neither least nor most.
  assert.equal(scaleOf([5, 5])?.levelOf(5), 3);
});

test('numbers fit into a well', () => {
  assert.deepEqual([0, 1234.6, 0.123456, 1e6, 0.00001, -2.5].map(shortNumber), [
    '0',
    '1230',
    '0.123',
    '1.0e6',
    '1.0e-5',
    '-2.5',
  ]);
});

test('a plate is coloured by what was measured, and by its volumes', () => {
  const result = (well: string, measurement: string, value: number | null) => ({
    well,
    measurement,
    unit: 'AU',
    value,
  });
  const measures = measuresOf(
    [
      { well: 'A1', volume_ul: 5 },
      { well: null, volume_ul: 7 },
      { well: 'A2', volume_ul: null },
    ],
    [
      result('A01', 'OD 600', 1),
      result('A1', 'OD 600', 2),
      result('A2', 'OD 600', null),
      result('A1', 'OD 450', 3),
    ],
  );
  assert.deepEqual(
    measures.map(({ label, unit, values }) => [label, unit, [...values]]),
    [
      ['OD 600', 'AU', [['A1', 2]]],
      ['OD 450', 'AU', [['A1', 3]]],
      ['Volume', 'µL', [['A1', 5]]],
    ],
  );
});

test('keys move within a plate and never out of it', () => {
  const plate = { rows: 32, columns: 48 };
  const after = (key: string, row: number, column: number, ctrlKey = false) => {
    const place = placeAfter({ key, ctrlKey }, { row, column }, plate);
    return place && wellName(place.row, place.column);
  };
  assert.equal(after('ArrowRight', 0, 0), 'A2');
  assert.equal(after('ArrowDown', 25, 3), 'AA4');
  assert.equal(after('ArrowUp', 0, 5), 'A6');
  assert.equal(after('ArrowRight', 31, 47), 'AF48');
  assert.equal(after('PageDown', 4, 4), 'M5');
  assert.equal(after('PageUp', 4, 4), 'A5');
  assert.equal(after('End', 4, 4), 'E48');
  assert.equal(after('End', 4, 4, true), 'AF48');
  assert.equal(after('Home', 4, 4, true), 'A1');
  assert.equal(after('x', 4, 4), undefined);
});

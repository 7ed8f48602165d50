import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineText, shapeOf } from './value-shape.ts';

const textOf = (value: unknown) => {
  const shape = shapeOf(value);
  return shape.kind === 'line' ? shape.text : shape.kind;
};

test('what fits on a line is said in words', () => {
  assert.deepEqual([1.5, 'clear', true, false, null, '', [1, 2], [], {}].map(textOf), [
    '1.5',
    'clear',
    'yes',
    'no',
    '—',
    '—',
    '1, 2',
    'none',
    'none',
  ]);
  assert.equal(lineText('volume_ul', '50', 50), '50 µL');
  assert.equal(lineText('delivered_ul', '49, 51', [49, 51]), '49, 51 µL');
  assert.equal(lineText('volume_ul', 'not known', 'not known'), 'not known');
});

test('what has parts is shown in parts', () => {
  assert.deepEqual(shapeOf({ mean: 1, unit: 'OD' }), {
    kind: 'named',
    entries: [
      ['mean', 1],
      ['unit', 'OD'],
    ],
  });
  assert.equal(shapeOf([{ well: 'A1' }]).kind, 'list');
});

test('values by well are a plate, its rows and columns in order', () => {
  const wells = shapeOf({ A10: 1, A2: 2, AA1: 3, B01: 4, Z1: 5, A1: 6 });
  assert.ok(wells.kind === 'wells');
  assert.deepEqual(
    wells.rows.map(({ name }) => name),
    ['A', 'B', 'Z', 'AA'],
  );
  assert.deepEqual(wells.columns, [1, 2, 10]);
  assert.equal(wells.rows[1]?.cells.get(1), '4');
  assert.equal(shapeOf({ A1: 1, A2: 2, A3: 3, A4: 4, A5: 5, mean: 3 }).kind, 'named', 'not all are wells');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedSample, PlateWithSamples } from '@labwright/contract-workflows';
import { testTerminal } from '../command-line/testing.ts';
import { widthOf } from '../output/width.ts';
import { plateGrid } from './grid.ts';

const sample = (well: string, sample_type: string): ListedSample => ({
  id: well,
  barcode: `B-${well}`,
  sample_type,
  plate_id: 'P',
  well,
  volume_ul: null,
  created_at: '2026-03-01T00:00:00Z',
});
const plate = (rows: number, columns: number, samples: ListedSample[] = []): PlateWithSamples => ({
  id: 'P',
  name: 'P',
  rows,
  columns,
  created_at: '2026-03-01T00:00:00Z',
  samples,
});
const lines = (given: PlateWithSamples, columns?: number) =>
  plateGrid(given, 'type', testTerminal({ env: { NO_COLOR: '1' }, ...(columns ? { columns } : {}) })).split(
    '\n',
  );

test('plates of 1,536 wells fit the usual terminal: rows go on with AA, numbers stand upright', () => {
  const full = plate(32, 48, [sample('A1', 'blood'), sample('AF48', 'blood'), sample('B1', 'bone')]);
  const shown = lines(full, 80);
  assert.ok(shown.every((line) => widthOf(line) <= 80));
  assert.equal(
    shown[0],
    `${' '.repeat(2)}${' '.repeat(9)}${[1, 2, 3, 4].map((ten) => String(ten).repeat(ten === 4 ? 9 : 10)).join('')}`,
  );
  assert.ok(shown[2]?.startsWith('A b') && shown[3]?.startsWith('B o'));
  assert.match(shown.find((line) => line.startsWith('AF')) ?? '', /^AF·{47}b$/);
  const wide = lines(full, 200);
  assert.equal(wide[1], `A   b${'  ·'.repeat(47)}`);
});

test('each type has a sign of its own, whatever they are called', () => {
  const types = ['ab', 'ba', 'aabb', 'AB', '??', '!!'];
  const all = plate(
    1,
    6,
    types.map((type, index) => sample(`A${index + 1}`, type)),
  );
  const signs = lines(all)[1]?.split(' ').slice(1) ?? [];
  assert.equal(new Set(signs).size, types.length, signs.join());
  assert.ok(signs.every((sign) => /^[a-zA-Z0-9]$/.test(sign)));
});

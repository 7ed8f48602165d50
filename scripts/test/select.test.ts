import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { selectTests } from './select.ts';

const root = mkdtempSync(join(tmpdir(), 'labwright-select-'));
after(() => rmSync(root, { recursive: true, force: true }));
const files = ['bench/stats.test.ts', 'services/devices/book.test.ts', 'services/plates/plate.test.ts'];
for (const file of [...files, 'bench/stats.ts', 'node_modules/x/x.test.ts', '.labwright/y.test.ts']) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '');
}

test('no word selects every test of ours', () => {
  assert.deepEqual(selectTests(root, []), { files, flags: [], unmatched: [] });
});

test('a file, a folder, a glob and a part of a path select what they name', () => {
  assert.deepEqual(selectTests(root, ['bench/stats.test.ts']).files, [files[0]]);
  assert.deepEqual(selectTests(root, ['./services/']).files, files.slice(1));
  assert.deepEqual(selectTests(root, ['**/p*.test.ts']).files, [files[2]]);
  assert.deepEqual(selectTests(root, ['book', 'services/devices']).files, [files[1]]);
});

test('flags go to Node, with their values', () => {
  const words = ['--test-name-pattern', 'bench', '--test-only', 'services', '--test-timeout=5'];
  assert.deepEqual(selectTests(root, words), {
    files: files.slice(1),
    flags: ['--test-name-pattern', 'bench', '--test-only', '--test-timeout=5'],
    unmatched: [],
  });
});

test('a word that names nothing is reported', () => {
  assert.deepEqual(selectTests(root, ['bench', 'nothing']).unmatched, ['nothing']);
});

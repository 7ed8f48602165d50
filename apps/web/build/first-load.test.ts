import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureFirstLoad } from './first-load.ts';

const lab = 'src/pages/lab/lab-page.tsx';
const live = '../../contracts/hub/chat-client.ts';
const manifest = {
  'index.html': { file: 'assets/main.js', isEntry: true, imports: ['_shared.js'] },
  '_shared.js': { file: 'assets/shared.js' },
  [lab]: { file: 'assets/lab.js', imports: ['_shared.js', '_cards.js'] },
  '_cards.js': { file: 'assets/cards.js', imports: ['index.html'] },
  [live]: { file: 'assets/live.js' },
  'src/pages/other/other-page.tsx': { file: 'assets/other.js' },
};

test('the first load is the entry, what is always demanded, and all that these import, each once', async () => {
  const loaded = await measureFirstLoad(manifest, async (file) => file.length);
  assert.deepEqual(loaded.map(({ file }) => file).sort(), [
    'assets/cards.js',
    'assets/lab.js',
    'assets/live.js',
    'assets/main.js',
    'assets/shared.js',
  ]);
});

test('a chunk that is no longer there is a fault, never a smaller load', async () => {
  const { [lab]: _gone, ...rest } = manifest;
  await assert.rejects(
    measureFirstLoad(rest, async () => 1),
    /out of date/,
  );
  await assert.rejects(
    measureFirstLoad({}, async () => 1),
    /no entry/,
  );
});

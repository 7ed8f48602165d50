import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkErrors } from '@labwright/contract-hub/links';

const folder = new URL('.', import.meta.url).pathname;

test('every error of the catalogue is thrown here and shown by a test, and no other is thrown', async () => {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const all = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
  );
  const code = all.filter(({ name }) => !/\.test\.ts$|^testing/.test(name));
  const tests = all.filter(({ name }) => name.endsWith('.test.ts') && name !== 'errors.test.ts');
  const thrown = new Set(
    code.flatMap(({ text }) =>
      [...text.matchAll(/linkErrors\.problem\(\s*'(\w+)'/g)].map((match) => match[1]),
    ),
  );
  const known = Object.keys(linkErrors.entries);
  assert.deepEqual([...thrown].sort(), known.sort());
  const unshown = known.filter((name) => !tests.some(({ text }) => text.includes(`'${name}'`)));
  assert.deepEqual(unshown, []);
});

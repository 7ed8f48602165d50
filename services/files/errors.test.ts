import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileErrors } from '@labwright/contract-hub/files-errors';

const folder = new URL('.', import.meta.url).pathname;

async function sources(): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, text: await readFile(path, 'utf8') };
    }),
  );
}

const isTest = (path: string) => path.endsWith('.test.ts') || /\/(testing|conformance)\//.test(path);

test('every error of the catalogue is thrown by this domain and answered in a test, and no other is thrown', async () => {
  const all = await sources();
  const thrown = new Set(
    all
      .filter(({ path }) => !isTest(path))
      .flatMap(({ text }) => [...text.matchAll(/fileErrors\.problem\(\s*'(\w+)'/g)].map((match) => match[1])),
  );
  const known = Object.keys(fileErrors.entries);
  assert.deepEqual([...thrown].sort(), known.sort());
  const tests = all.filter(({ path }) => isTest(path) && !path.endsWith('/errors.test.ts'));
  const unanswered = known.filter((name) => !tests.some(({ text }) => text.includes(`'${name}'`)));
  assert.deepEqual(unanswered, [], 'errors that no test mentions');
});

test('every error says what it means and what to do', () => {
  for (const [name, entry] of Object.entries(fileErrors.entries)) {
    assert.ok((entry.status >= 400 && entry.status < 500) || entry.status === 503, name);
    assert.ok(entry.title && entry.remedy, name);
  }
});

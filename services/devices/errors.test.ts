import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { deviceErrors } from '@labwright/contract-devices';

const folder = new URL('.', import.meta.url).pathname;
/** Run on this service by `conformance.test.ts`. */
const conformance = new URL(import.meta.resolve('@labwright/contract-devices/conformance')).pathname;

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

test('every error of the catalogue is thrown by this service and answered in a test, and no other is thrown', async () => {
  const all = await sources();
  const code = all.filter(({ path }) => !path.endsWith('.test.ts') && !path.includes('/testing/'));
  const tests = all.filter(({ path }) => path.endsWith('.test.ts') && !path.endsWith('/errors.test.ts'));
  const thrown = new Set(
    code.flatMap(({ text }) =>
      [...text.matchAll(/deviceErrors\.problem\(\s*'(\w+)'/g)].map((match) => match[1]),
    ),
  );
  const known = Object.keys(deviceErrors.entries);
  assert.deepEqual([...thrown].sort(), known.sort());
  const asked = [...tests.map(({ text }) => text), await readFile(conformance, 'utf8')];
  const unanswered = known.filter((name) => !asked.some((text) => text.includes(`'${name}'`)));
  assert.deepEqual(unanswered, [], 'errors that no test mentions');
});

test('every error says what it means and what to do', () => {
  const { entries } = deviceErrors;
  for (const [name, entry] of Object.entries(entries)) {
    assert.ok(entry.status >= 400 && entry.status < 500, name);
    assert.ok(entry.title && entry.remedy, name);
  }
});

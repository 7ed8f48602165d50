import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { taskErrors } from '@labwright/contract-hub/tasks';

const folder = new URL('.', import.meta.url).pathname;
/** Run on this domain by `conformance.test.ts`. */
const conformance = new URL(import.meta.resolve('@labwright/contract-hub/tasks/conformance')).pathname;

test('every error of the catalogue is thrown here and answered in a test, and no other is thrown', async () => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sources = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map(async ({ parentPath, name }) => ({ name, text: await readFile(join(parentPath, name), 'utf8') })),
  );
  const code = sources.filter(({ name }) => !name.endsWith('.test.ts'));
  const tests = sources.filter(({ name }) => name.endsWith('.test.ts') && name !== 'errors.test.ts');
  const thrown = new Set(
    code.flatMap(({ text }) =>
      [...text.matchAll(/taskErrors\.problem\(\s*'(\w+)'/g)].map((match) => match[1]),
    ),
  );
  const known = Object.keys(taskErrors.entries);
  assert.deepEqual([...thrown].sort(), [...known].sort());
  const asked = [...tests.map(({ text }) => text), await readFile(conformance, 'utf8')];
  const unanswered = known.filter((name) => !asked.some((text) => text.includes(`'${name}'`)));
  assert.deepEqual(unanswered, [], 'errors that no test mentions');
});

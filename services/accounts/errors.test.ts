import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { accountErrors } from '@labwright/contract-hub/accounts';

const folder = new URL('.', import.meta.url).pathname;

test('every error of the catalogue is thrown somewhere, and shown by a test', async () => {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const all = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
  );
  for (const code of Object.keys(accountErrors.entries)) {
    const named = all.filter(({ text }) => text.includes(`'${code}'`));
    assert.ok(
      named.some(({ name }) => !/\.test\.ts$|testing/.test(name)),
      `nothing throws ${code}`,
    );
    assert.ok(
      named.some(({ name }) => name.endsWith('.test.ts') && name !== 'errors.test.ts'),
      `no test shows ${code}`,
    );
  }
});

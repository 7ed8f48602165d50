import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { workflowErrors } from '@labwright/contract-workflows';

const folder = new URL('.', import.meta.url).pathname;

async function sources(): Promise<{ name: string; text: string }[]> {
  const names = await readdir(folder, { recursive: true });
  const typescript = names.filter((name) => name.endsWith('.ts'));
  return Promise.all(
    typescript.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
  );
}

test('every error of the catalogue is thrown somewhere, and shown by a test', async () => {
  const all = await sources();
  const isTest = (name: string) => /\.test\.ts$|test-support|testing/.test(name);
  for (const code of Object.keys(workflowErrors.entries)) {
    const named = all.filter(({ text }) => text.includes(`'${code}'`));
    assert.ok(
      named.some(({ name }) => !isTest(name)),
      `nothing throws ${code}`,
    );
    assert.ok(
      named.some(({ name }) => name.endsWith('.test.ts') && name !== 'errors.test.ts'),
      `no test shows ${code}`,
    );
  }
});

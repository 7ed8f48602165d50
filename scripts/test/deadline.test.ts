import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-deadline-'));
});
after(() => rm(folder, { recursive: true }));

/** Runs a test file with this body as `npm test` does, except that it has half a second. */
async function run(body: string): Promise<{ code: number; output: string }> {
  const file = join(folder, 'some.test.mjs');
  await writeFile(file, `import { test } from 'node:test';\ntest('some', async () => {\n${body}\n});\n`);
  const deadline = new URL('deadline.ts', import.meta.url).href;
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env;
  const child = spawn(process.execPath, ['--test', `--import=${deadline}`, file], {
    env: { ...env, LABWRIGHT_TEST_DEADLINE_MS: '500' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = await once(child, 'close');
  return { code, output };
}

test('a file that ends is left alone', async () => {
  const { code, output } = await run('');
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /did not end/);
});

test('a file that leaves something open is ended, and says what', async () => {
  const { code, output } = await run('setInterval(() => {}, 1_000);');
  assert.equal(code, 1);
  assert.match(output, /some\.test\.mjs did not end within 500 ms\. Still open: .*Timeout/);
});

test('a file that never gives its turn back is ended, and says where it is', async () => {
  const { code, output } = await run('const spin = async () => { for (;;) await null; };\nawait spin();');
  assert.equal(code, 1);
  assert.match(output, /some\.test\.mjs did not end within 500 ms, and hangs:\n(.*\n)*? {4}at spin /);
});

test('a file that is stuck in the system is ended too', async () => {
  const { code, output } = await run(
    "const { spawnSync } = await import('node:child_process');\nspawnSync('sleep', ['60']);",
  );
  assert.equal(code, 1);
  assert.match(output, /some\.test\.mjs did not end within 500 ms, and hangs:\n {4}outside JavaScript/);
});

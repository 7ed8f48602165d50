import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

test('25 workers that crash now and then write 25 whole lines', async () => {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'run.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0, said);
  assert.match(said, /^SEED=\d+\n25 whole lines by 25 workers, \d+ crashes on the way, in [\d.]+ s\.\n$/);
});

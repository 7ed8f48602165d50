import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openLab } from 'labwright/testing/lab';

test('the example runs to its end', async (t) => {
  const lab = await openLab();
  t.after(() => lab.close());
  const hub = lab.services.find(({ name }) => name === 'hub-service')?.url;
  const program = fileURLToPath(new URL('./run.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env: { ...process.env, HUB: hub },
  });
  assert.match(stdout, /refused: .*liquid-handler-1/);
  assert.match(stdout, /"By itself" waits as number 1/);
  assert.match(stdout, /"By hand": dispense_reagent succeeded/);
  assert.match(stdout, /"By itself": completed, 2 of 2 steps\n/);
  assert.match(stdout, /dispense_reagent succeeded in \d+ ms\n.*pipette_transfer succeeded in \d+ ms\n$/);
});

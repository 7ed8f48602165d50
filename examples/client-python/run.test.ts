import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openLab } from 'labwright/testing/lab';

const python = process.env.LABWRIGHT_TEST_PYTHON ?? '/usr/bin/python3';
const found = spawnSync(python, ['--version']).status === 0;
if (!found && process.env.CI === 'true') throw new Error(`There is no ${python}: install it.`);

test('the example runs to its end', { skip: found ? false : `there is no ${python}` }, async (t) => {
  const lab = await openLab();
  t.after(() => lab.close());
  const [devices, workflows] = lab.services.map(({ url }) => url);
  const program = fileURLToPath(new URL('./run.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python, [program], {
    env: { ...process.env, DEVICE_SERVICE: devices, WORKFLOW_SERVICE: workflows },
  });
  assert.match(stdout, /refused: .*liquid-handler-1/);
  assert.match(stdout, /By hand: dispense_reagent succeeded/);
  assert.match(stdout, /By itself: step\.changed dispense_reagent succeeded\n/);
  assert.match(stdout, /By itself: workflow\.changed {2}completed\n/);
  assert.match(stdout, /dispense_reagent succeeded\n.*pipette_transfer succeeded\n$/);
});

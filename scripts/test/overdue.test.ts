import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { killOverdue } from './overdue.ts';

const skip = process.platform === 'win32' ? 'there is no ps' : false;

test('a child that is too old is killed, a young one is not', { skip }, async (t) => {
  const old = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)']);
  const relax = killOverdue(process.pid, 4_000, 100);
  t.after(relax);
  // Ages are told in whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const young = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)']);
  assert.deepEqual(await once(old, 'exit'), [null, 'SIGKILL']);
  assert.equal(young.exitCode ?? young.signalCode, null);
  relax();
  young.kill('SIGKILL');
  await once(young, 'exit');
});

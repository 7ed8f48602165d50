import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { claimFolder } from './claim-folder.ts';
import { temporaryFolder } from './testing.ts';

/** Claims the folder in another process, which says `claimed` or the error's code, and ends when its input does. */
function claimant(folder: string) {
  const script = `
    import { claimFolder } from ${JSON.stringify(import.meta.resolve('./claim-folder.ts'))};
    process.stdin.once('data', () => {
      try { claimFolder(process.argv[1]); console.log('claimed'); }
      catch (error) { console.log(error.code); }
    });
    console.log('waiting');
  `;
  const args = ['--input-type=module', '--eval', script, folder];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

test('a second claim is refused and names the owner, until the first is released', (t) => {
  const folder = temporaryFolder(t);
  const release = claimFolder(folder);
  assert.throws(() => claimFolder(folder), { code: 'folder_claimed', message: new RegExp(`${process.pid}`) });
  release();
  release();
  const releaseAgain = claimFolder(folder);
  release();
  assert.equal(existsSync(join(folder, 'up.lock')), true, "an old release does not undo another's claim");
  releaseAgain();
  assert.equal(existsSync(join(folder, 'up.lock')), false);
});

test('the claim of a dead process is taken over, by one of many', async (t) => {
  const folder = temporaryFolder(t);
  const dead = claimant(folder);
  dead.stdin.end('go');
  assert.match(await text(dead.stdout), /claimed/);
  assert.equal(existsSync(join(folder, 'up.lock')), true);

  const rivals = Array.from({ length: 6 }, () => claimant(folder));
  await Promise.all(rivals.map((rival) => once(rival.stdout, 'data')));
  const answers = rivals.map((rival) => once(rival.stdout, 'data'));
  // All are up: they reach for it at the same time, and none ends before all have answered.
  for (const rival of rivals) rival.stdin.write('go');
  const said = (await Promise.all(answers)).map(([answer]) => String(answer).trim()).sort();
  assert.deepEqual(said, ['claimed', ...Array.from({ length: 5 }, () => 'folder_claimed')]);
  for (const rival of rivals) rival.stdin.end();
});

test('a claim whose number another process has now is taken over', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(folder);
  writeFileSync(join(folder, 'up.lock'), JSON.stringify({ pid: process.pid, born: 'before', nonce: 'x' }));
  claimFolder(folder)();
});

test('a claim in the making is waited for; one that is never finished is taken over', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'up.lock');
  mkdirSync(folder);
  writeFileSync(file, '');
  const other = claimant(folder);
  const said = text(other.stdout);
  other.stdin.end('now');
  // Born unknown: it is whoever has the number.
  const finished = JSON.stringify({ pid: process.pid, born: null, nonce: 'n' });
  await once(other, 'spawn');
  const young = setInterval(() => utimesSync(file, new Date(), new Date()), 100);
  setTimeout(() => {
    clearInterval(young);
    writeFileSync(file, finished);
  }, 500);
  assert.equal((await said).trim().split('\n').at(-1), 'folder_claimed');

  writeFileSync(file, '');
  const release = claimFolder(folder);
  assert.match(readFileSync(file, 'utf8'), new RegExp(`"pid":${process.pid}`));
  release();
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ConfigError } from './config.ts';
import { makeHome } from './folder.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-folder-'));
  await writeFile(join(folder, 'file'), '');
});
after(() => rm(folder, { recursive: true }));

test('folders are made where they are missing, also by two at once', async () => {
  const home = join(folder, 'a', 'b');
  await Promise.all([makeHome('HOME', home, ['c', 'd']), makeHome('HOME', home, ['c', 'd'])]);
  await makeHome('HOME', home, ['c']);
  assert.ok((await stat(join(home, 'd'))).isDirectory());
});

test('a folder that cannot be is refused with the setting that names it', async () => {
  for (const home of [join(folder, 'file', 'x'), ...(process.platform === 'linux' ? ['/proc/x'] : [])])
    await assert.rejects(makeHome('HOME', home, ['c']), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /HOME: nothing can be kept in .* Choose a folder/);
      return true;
    });
});

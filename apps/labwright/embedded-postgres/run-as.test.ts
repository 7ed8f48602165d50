import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findPrograms } from './programs.ts';
import { canEnter, chooseUser } from './run-as.ts';
import { initialisedFolder, query, start, temporaryFolder } from './testing.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'only root can drop to another user';

test('a project that only root can enter works, programs and data', { skip: needsRoot }, async (t) => {
  const closed = temporaryFolder(t);
  mkdirSync(closed);
  // As a clone below /root, made with a strict umask.
  const installed = await findPrograms(undefined);
  cpSync(dirname(dirname(installed.postgres)), join(closed, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  chmodSync(closed, 0o700);
  const bin = join(closed, 'native', 'bin');
  const programs = {
    initdb: join(bin, 'initdb'),
    pgCtl: join(bin, 'pg_ctl'),
    postgres: join(bin, 'postgres'),
  };
  const folder = join(closed, 'lab');
  const runAs = chooseUser(folder, join(folder, 'data'));
  assert.ok(runAs);
  const cacheFolder = join(dirname(closed), 'cache');
  assert.equal(canEnter(closed, runAs), false);

  const postgres = await start(t, folder, { programs, cacheFolders: [cacheFolder] });
  await query(postgres, 'CREATE TABLE plate AS SELECT 384 AS wells');
  await postgres.stop();
  assert.equal(statSync(join(folder, 'data')).uid, runAs.uid);

  const copied = await findPrograms(runAs, { programs, cacheFolders: [cacheFolder] });
  assert.equal(dirname(dirname(dirname(copied.postgres))), cacheFolder);
  // A cleaner of temporary folders has been here.
  rmSync(join(dirname(copied.postgres), '..', 'share', 'postgresql', 'timezonesets'), { recursive: true });

  const again = await start(t, folder, { programs, cacheFolders: [cacheFolder] });
  assert.deepEqual(await query(again, 'SELECT wells FROM plate'), [{ wells: 384 }]);
  process.kill(again.pid, 'SIGKILL');
  await again.ended;
  const recovered = await start(t, folder, { programs, cacheFolders: [cacheFolder] });
  assert.deepEqual(await query(recovered, 'SELECT wells FROM plate'), [{ wells: 384 }]);
  const adopted = await start(t, folder, { programs, cacheFolders: [cacheFolder] });
  assert.equal(adopted.adopted, true);
  assert.equal(adopted.pid, recovered.pid);
});

test('programs that nobody else can reach are an error that says what to do', {
  skip: needsRoot,
}, async (t) => {
  const closed = temporaryFolder(t);
  mkdirSync(closed, { mode: 0o700 });
  const missing = join(closed, 'bin', 'postgres');
  const programs = { initdb: missing, pgCtl: missing, postgres: missing };
  await assert.rejects(
    findPrograms({ uid: 65_534, gid: 65_534 }, { programs, cacheFolders: [join(closed, 'no', 'way')] }),
    {
      code: 'not_permitted',
      message: /Move the project/,
    },
  );
});

test("an ordinary user is told whose the data are, and what can't be written", {
  skip: needsRoot,
}, async (t) => {
  const folder = await initialisedFolder(t);
  chmodSync(folder, 0o777);
  const script = `
    import { claimFolder } from ${JSON.stringify(import.meta.resolve('./claim-folder.ts'))};
    import { startEmbeddedPostgres } from ${JSON.stringify(import.meta.resolve('./start.ts'))};
    const [folder, closed] = process.argv.slice(1);
    await startEmbeddedPostgres({ folder }).catch((error) => console.log(error.code, error.message));
    try { claimFolder(closed); } catch (error) { console.log(error.code, error.message); }
  `;
  const args = ['--input-type=module', '--eval', script, folder, join(dirname(folder), 'closed')];
  const asNobody = spawnSync(process.execPath, args, { uid: 65_534, gid: 65_534, encoding: 'utf8' });
  if (asNobody.error) return t.skip('no other user can run this Node');
  const [data, closed] = asNobody.stdout.split('\n');
  assert.match(
    data ?? asNobody.stderr,
    /^not_permitted .* belongs to the user 0, and this process runs as 65534/,
  );
  assert.match(closed ?? asNobody.stderr, /^not_permitted .*closed can't be made/);
});

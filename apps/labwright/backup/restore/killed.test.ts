/** A restore that is killed at any moment, and archives that must not be restored. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import { seededRandom } from '@labwright/kernel/testing';
import pg from 'pg';
import { ensureDatabase, startEmbeddedPostgres } from '../../embedded-postgres/index.ts';
import { readArchive } from '../archive/read-archive.ts';
import { writeArchive } from '../archive/write-archive.ts';
import { headName } from '../contents.ts';
import { emptyDatabases } from '../testing/databases.ts';
import { endPostgres, labwright, startLab } from '../testing/lab.ts';

let folder: string;
let archive: string;
/** Stopped; with a sample that the archive does not have. */
let old: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-killed-'));
  archive = join(folder, 'lab.backup');
  old = join(folder, 'old');
  const lab = await startLab(old);
  const backup = labwright(lab.env, 'backup', archive);
  assert.equal(await backup.ended, 0, backup.output());
  await lab.ask('workflow', 'POST', '/samples', { barcode: 'LATER', sample_type: 'blood' });
  await lab.stop();
});

after(async () => {
  for (const name of await readdir(folder)) endPostgres(join(folder, name));
  await rm(folder, { recursive: true, force: true });
});

/** What stands in the folder: the laboratory as it was, or the one of the archive. */
async function stateOf(home: string): Promise<'old' | 'restored'> {
  const postgres = await startEmbeddedPostgres({ folder: join(home, 'postgres') });
  const client = new pg.Client({ connectionString: await ensureDatabase(postgres, 'workflow_db') });
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT count(*) FILTER (WHERE barcode = 'LATER')::int AS later, count(*)::int AS samples FROM samples`,
    );
    assert.ok(rows[0].samples > 0);
    return rows[0].later > 0 ? 'old' : 'restored';
  } finally {
    await client.end();
    await postgres.stop();
  }
}

test('killed at any moment, the folder is as it was, or restored, or says that it is neither', {
  timeout: 400_000,
}, async () => {
  const random = seededRandom('a restore is killed');
  for (let round = 1; round <= 5; round += 1) {
    const home = join(folder, `round-${round}`);
    spawnSync('cp', ['-a', old, home]);
    const env = { LABWRIGHT_HOME: home };
    const restore = labwright(env, 'restore', archive, '--replace', '--yes');
    // The last one at its very end.
    const moment =
      round === 5 ? existsSyncSoon(join(home, 'restore-unfinished.json')) : delay(random.below(6_000));
    await Promise.race([moment, restore.ended]);
    await restore.kill('SIGKILL');
    if (existsSync(join(home, 'restore-unfinished.json'))) {
      const up = labwright(
        { ...env, HUB_SERVICE_PORT: '0', DEVICE_SERVICE_PORT: '0', WORKFLOW_SERVICE_PORT: '0' },
        'up',
      );
      assert.equal(await up.ended, 1);
      assert.match(up.output(), /was interrupted.*labwright restore/);
      const again = labwright(env, 'restore', archive);
      assert.equal(await again.ended, 0, again.output());
      assert.match(again.output(), /is at its end now/);
      assert.equal(await stateOf(home), 'restored');
      assert.ok(!existsSync(join(home, '.restoring')));
    } else {
      const state = await stateOf(home);
      if (state === 'old') {
        const again = labwright(env, 'restore', archive, '--replace', '--yes');
        assert.equal(await again.ended, 0, again.output());
        assert.equal(await stateOf(home), 'restored');
      }
    }
    endPostgres(home);
    await rm(home, { recursive: true, force: true });
  }
});

async function existsSyncSoon(path: string): Promise<void> {
  while (!existsSync(path)) await delay(1);
}

test('killed while databases elsewhere are filled, they are empty, or no service starts with them', {
  timeout: 300_000,
}, async () => {
  const random = seededRandom('a restore into databases is killed');
  for (let round = 1; round <= 3; round += 1) {
    const databases = await emptyDatabases();
    try {
      const env = {
        LABWRIGHT_HOME: join(folder, `elsewhere-${round}`),
        DEVICE_DATABASE_URL: databases.urls.device,
        WORKFLOW_DATABASE_URL: databases.urls.workflow,
        HUB_DATABASE_URL: databases.urls.hub,
      };
      const restore = labwright(env, 'restore', archive);
      await Promise.race([delay(random.below(5_000)), restore.ended]);
      await restore.kill('SIGKILL');
      const tables = await tablesOf(databases.urls);
      const done = (await restore.ended) === 0;
      for (const names of Object.values(tables))
        assert.ok(
          done || names.length === 0 || names.includes('restore_unfinished') || allReleased(tables),
          JSON.stringify(tables),
        );
      const again = labwright(env, 'restore', archive, '--replace', '--yes');
      assert.equal(await again.ended, 0, again.output());
      for (const names of Object.values(await tablesOf(databases.urls))) {
        assert.ok(names.includes('schema_migrations'));
        assert.ok(!names.includes('restore_unfinished'));
      }
    } finally {
      await databases.drop();
    }
  }
});

/** All parts were in their place, and the notes were being taken away. */
const allReleased = (tables: Record<string, string[]>) =>
  Object.values(tables).every((names) => names.includes('schema_migrations'));

async function tablesOf(urls: Record<string, string>): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const [service, connectionString] of Object.entries(urls)) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    const { rows } = await client.query(
      `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    found[service] = rows.map(({ name }) => name);
    await client.end();
  }
  return found;
}

test('no service starts with a database that was restored in part', async () => {
  const databases = await emptyDatabases();
  const db = openDb({ url: databases.urls.device, applicationName: 'test' });
  try {
    await db.raw('CREATE TABLE restore_unfinished ()');
    await assert.rejects(migrate(db, []), /restore of this laboratory did not come to its end/);
  } finally {
    await db.close();
    await databases.drop();
  }
});

async function refused(file: string, said: RegExp): Promise<void> {
  const home = join(folder, 'refused');
  const restore = labwright({ LABWRIGHT_HOME: home }, 'restore', file);
  assert.equal(await restore.ended, 1, restore.output());
  assert.match(restore.output(), said);
  assert.doesNotMatch(restore.output(), /^\s+at /m);
  assert.ok(!existsSync(home), 'nothing was made');
}

test('an archive that is damaged, of something else, or of a newer program is refused, and nothing is touched', async () => {
  const good = await readFile(archive);
  const file = join(folder, 'bad');
  const random = seededRandom('a damaged archive');
  const bad = Buffer.from(good);
  const at = random.below(bad.length);
  bad[at] = (bad[at] ?? 0) ^ 1;
  await writeFile(file, bad);
  await refused(file, /cannot be used/);
  await writeFile(file, 'no archive at all, but a text of some length, longer than the trailer of one');
  await refused(file, /is no backup of a laboratory/);
  await refused(join(folder, 'missing'), /There is no file/);
  await rm(file);

  const changed = async (name: string, change: (text: string) => string) => {
    const to = join(folder, name);
    const writer = await writeArchive(to);
    for await (const part of readArchive(archive))
      await writer.add(
        part.name === headName ? { name: part.name, data: Buffer.from(change(part.data.toString())) } : part,
      );
    await writer.finish();
    return to;
  };
  await refused(
    await changed('format', (text) => text.replace('"format": 1', '"format": 2')),
    /newer Labwright \(format 2/,
  );
  await refused(
    await changed('set', (text) => text.replaceAll('"set_name": "devices"', '"set_name": "robots"')),
    /"robots".*newer Labwright/,
  );
  await refused(
    await changed('number', (text) => text.replace('"number": 1,', '"number": 99,')),
    /newer Labwright/,
  );
});

test('an archive whose rows are fewer than it says is refused after it was read, and nothing is changed', async () => {
  const file = join(folder, 'fewer');
  const writer = await writeArchive(file);
  let left = false;
  for await (const part of readArchive(archive)) {
    if (part.name.startsWith('device-service/execution_logs/') && !left) {
      left = true;
      const data = part.data.subarray(part.data.indexOf(10) + 1);
      await writer.add({ name: part.name, data });
    } else await writer.add(part);
  }
  await writer.finish();
  const verify = labwright({}, 'backup', 'verify', file);
  assert.equal(await verify.ended, 1);
  assert.match(verify.output(), /rows of device-service.execution_logs, not/);
  const home = join(folder, 'fewer-home');
  const restore = labwright({ LABWRIGHT_HOME: home }, 'restore', file);
  assert.equal(await restore.ended, 1);
  assert.match(restore.output(), /rows of device-service.execution_logs were loaded, not/);
  assert.ok(!existsSync(join(home, 'postgres', 'data')), 'no laboratory was made');
});

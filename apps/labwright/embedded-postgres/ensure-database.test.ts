import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureDatabase } from './ensure-database.ts';
import { initialisedFolder, query, start } from './testing.ts';

test('a database is made once, however many ask for it', async (t) => {
  const postgres = await start(t, await initialisedFolder(t));
  const urls = await Promise.all(Array.from({ length: 5 }, () => ensureDatabase(postgres, 'device_db')));
  assert.deepEqual(new Set(urls), new Set([postgres.url('device_db')]));
  const databases = await query(
    postgres,
    `SELECT datname, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, datlocale
     FROM pg_database WHERE datname = 'device_db'`,
  );
  assert.deepEqual(databases, [
    { datname: 'device_db', owner: 'lab_admin', encoding: 'UTF8', datlocale: 'C.UTF-8' },
  ]);
  await assert.rejects(ensureDatabase(postgres, 'no"name'), { code: 'wrong_name' });
});

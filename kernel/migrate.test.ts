import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Type from 'typebox';
import { MigrationError, migrate } from './migrate.ts';
import { kernelMigrations } from './service.ts';
import { rows } from './statement.ts';
import { checkStatements, createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
let folder: string;

before(async () => {
  database = await createTestDatabase([]);
  folder = await mkdtemp(join(tmpdir(), 'labwright-migrations-'));
  await writeFile(join(folder, '0001_first.sql'), 'CREATE TABLE first (id integer)');
});
after(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const set = () => ({ name: 'test', folder });

test('several processes at once: one migrates, the others find it done', async () => {
  const all = await Promise.all([1, 2, 3, 4].map(() => migrate(database.db, [kernelMigrations, set()])));
  const applied = all.flatMap((result) => result.applied);
  assert.deepEqual(applied, ['test/0001_first.sql']);
});

test('a migration that fails leaves the schema as it was', async () => {
  await writeFile(join(folder, '0002_bad.sql'), 'CREATE TABLE second (id integer); SELECT nonsense');
  await assert.rejects(migrate(database.db, [set()]), /nonsense/);
  await writeFile(join(folder, '0002_bad.sql'), 'CREATE TABLE second (id integer)');
  assert.deepEqual((await migrate(database.db, [set()])).applied, ['test/0002_bad.sql']);
});

test('an edited migration, a gap and a newer database are refused with what to do', async () => {
  const edited = await mkdtemp(join(tmpdir(), 'labwright-migrations-'));
  await cp(folder, edited, { recursive: true });
  await writeFile(join(edited, '0001_first.sql'), 'CREATE TABLE other (id integer)');
  await assert.rejects(migrate(database.db, [{ name: 'test', folder: edited }]), (error) => {
    assert.ok(error instanceof MigrationError);
    assert.match(error.message, /0001_first\.sql .* was edited/);
    return true;
  });
  await rm(join(edited, '0001_first.sql'));
  await assert.rejects(migrate(database.db, [{ name: 'test', folder: edited }]), /without gaps/);
  await rm(join(edited, '0002_bad.sql'));
  await assert.rejects(migrate(database.db, [{ name: 'test', folder: edited }]), /made by a newer Labwright/);
  await rm(edited, { recursive: true });
});

test('every statement of the kernel fits the migrated schema, and a wrong one is found', async () => {
  const good = await checkStatements(database.url);
  assert.deepEqual(good.faults, []);
  assert.ok(good.checked >= 8, `only ${good.checked} statements were found`);
  rows('test.wrong.type', Type.Object({ key: Type.Integer() }), 'SELECT key FROM idempotency_keys');
  rows('test.wrong.column', Type.Object({ missing: Type.String() }), 'SELECT key FROM idempotency_keys');
  rows('test.wrong.sql', Type.Object({ key: Type.String() }), 'SELECT key FROM nowhere');
  const { faults } = await checkStatements(database.url);
  assert.equal(faults.length, 4, faults.join('\n'));
});

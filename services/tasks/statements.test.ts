import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { jobsMigrations } from '@labwright/jobs';
import { checkStatements, createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { tasksMigrations } from './index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations, jobsMigrations, ...tasksMigrations]);
});
after(() => database.drop());

test('every statement fits the database that the migrations make', async () => {
  const { checked, faults } = await checkStatements(database.url);
  assert.ok(checked > 200, `only ${checked} statements were declared`);
  assert.deepEqual(faults, []);
});

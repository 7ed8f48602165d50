import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { jobsMigrations } from '@labwright/jobs';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import { filesMigrations } from './index.ts';

test('every statement can be prepared and answers the columns of its row type', async () => {
  const database = await createTestDatabase([auditMigrations, jobsMigrations, filesMigrations]);
  try {
    const { checked, faults } = await checkStatements(database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked > 20, `only ${checked} statements were found`);
  } finally {
    await database.drop();
  }
});

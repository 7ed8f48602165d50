import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import './index.ts';
import { auditMigrations } from './index.ts';

test('every statement can be prepared and answers the columns of its row type', async () => {
  const database = await createTestDatabase([auditMigrations]);
  try {
    const { checked, faults } = await checkStatements(database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked >= 7, `only ${checked} statements were found`);
  } finally {
    await database.drop();
  }
});

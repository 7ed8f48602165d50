import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { feedMigrations } from '@labwright/feed';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import { migrations } from './testing.ts';

test('every statement can be prepared and answers what its row type says', async () => {
  const database = await createTestDatabase([auditMigrations, feedMigrations, migrations]);
  try {
    const { checked, faults } = await checkStatements(database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked > 25, `only ${checked} statements were declared`);
  } finally {
    await database.drop();
  }
});

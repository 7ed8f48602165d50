import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatements, createTestDatabase } from '@labwright/kernel/testing';
import { devicesMigrations } from './index.ts';

test('every statement can be prepared and answers the columns of its row type', async () => {
  const database = await createTestDatabase(devicesMigrations);
  try {
    const { checked, faults } = await checkStatements(database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked > 50, `only ${checked} statements were found`);
  } finally {
    await database.drop();
  }
});

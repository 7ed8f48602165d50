import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatements } from '@labwright/kernel/testing';
import { createLinksDatabase } from './testing/server.ts';

test('every statement can be prepared and answers what its row type says', async () => {
  const database = await createLinksDatabase();
  try {
    const { checked, faults } = await checkStatements(database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked > 20, `only ${checked} statements were declared`);
  } finally {
    await database.drop();
  }
});

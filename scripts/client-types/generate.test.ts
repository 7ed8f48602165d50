import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileOf, generateTypes } from './generate.ts';

test('the types that the client is made with are those of the services', async () => {
  const types = await generateTypes();
  assert.deepEqual([...types.keys()], ['device-service', 'workflow-service', 'hub-service']);
  for (const [service, text] of types) {
    const kept = await readFile(fileOf(service), 'utf8');
    assert.ok(
      kept === text,
      `sdk/typescript/generated/${service}.ts is older than the routes of ${service}. Run "npm run generate -w @labwright/client" and commit what it writes.`,
    );
  }
});

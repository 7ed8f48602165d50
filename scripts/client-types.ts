/**
 * `npm run generate -w @labwright/client` writes the types of every service's routes, from its own reference, into `sdk/typescript/generated`.
 * Run it after every change of a route or schema; a test fails until then.
 */
import { writeFile } from 'node:fs/promises';
import { fileOf, generateTypes } from './client-types/generate.ts';
import { openTestDatabase } from './test/database.ts';

const given = process.env.LABWRIGHT_TEST_POSTGRES_URL;
const database = given ? undefined : await openTestDatabase();
if (database) process.env.LABWRIGHT_TEST_POSTGRES_URL = database.url;
try {
  for (const [service, text] of await generateTypes()) {
    await writeFile(fileOf(service), text);
    console.log(`wrote the types of ${service}`);
  }
} finally {
  await database?.remove();
}

export { checkStatements } from './check-statements.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { seededRandom } from './random.ts';

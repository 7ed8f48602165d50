export { checkStatements } from './check-statements.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { crashPoint, eventually, freePort, spawnScript, type TestProcess } from './processes.ts';
export { seededRandom } from './random.ts';
export { startRedis } from './redis.ts';

export { checkStatements } from './check-statements.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { startPostgres, type TestPostgres } from './postgres.ts';
export {
  compileCache,
  crashPoint,
  eventually,
  freePort,
  spawnScript,
  type TestProcess,
} from './processes.ts';
export { openProxy, type TestProxy, type Weather } from './proxy.ts';
export { seededRandom } from './random.ts';
export { startRedis } from './redis.ts';

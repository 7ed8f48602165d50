import pg from 'pg';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import type { EmbeddedPostgres } from './start.ts';

/**
 * Makes sure that the database exists, owned by the server's user, and returns its URL. Two callers at
 * once are no conflict. Throws `wrong_name` for a name that is not plain lower case.
 */
export async function ensureDatabase(postgres: Pick<EmbeddedPostgres, 'url'>, name: string): Promise<string> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new EmbeddedPostgresError('wrong_name', `"${name}" is no plain database name.`);
  }
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE "${name}"`);
  } catch (error) {
    // duplicate_database, or the unique index of pg_database when both came at the very same time.
    if (!['42P04', '23505'].includes(errorCode(error) ?? '')) throw error;
  } finally {
    await client.end();
  }
  return postgres.url(name);
}

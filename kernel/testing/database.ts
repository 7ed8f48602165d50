import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type Db, openDb } from '../db.ts';
import { type MigrationSet, migrate } from '../migrate.ts';
import { kernelMigrations } from '../service.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Db;
  /** Closes `db` and drops the database. Fails where other connections to it are still open: a leak. */
  drop(): Promise<void>;
}

/** The server that tests run on: `npm test` starts one and names it here. */
function serverUrl(): string {
  const url = process.env.LABWRIGHT_TEST_POSTGRES_URL;
  if (!url)
    throw new Error(
      'LABWRIGHT_TEST_POSTGRES_URL is not set: run tests with `npm test -- path/of/the.test.ts`.',
    );
  return url;
}

const named = (database: string) => {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.toString();
};

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A fresh database with these migrations, cloned from a template that is made once for each state of them. */
export async function createTestDatabase(
  sets: readonly MigrationSet[],
  options: { max?: number } = {},
): Promise<TestDatabase> {
  const all = [kernelMigrations, ...sets];
  const template = `lw_template_${await digest(all)}`;
  const name = `lw_test_${randomBytes(6).toString('hex')}`;
  await onServer(async (client) => {
    // Also held while cloning: PostgreSQL copies a template for one client at a time.
    await client.query('SELECT pg_advisory_lock(5001)');
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (known.rowCount === 0) await makeTemplate(client, template, all);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const db = openDb({ url: named(name), applicationName: 'test', max: options.max ?? 10 });
  return {
    url: named(name),
    db,
    drop: async () => {
      await db.close();
      await onServer(async (client) => {
        const leaked = await lastingConnections(client, name);
        await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
        if (leaked.length > 0) throw new Error(`Connections were left open: ${JSON.stringify(leaked)}`);
      });
    },
  };
}

/** The connections to a database that stay. One that was closed on our side takes the server a moment to end. */
async function lastingConnections(client: pg.Client, database: string): Promise<unknown[]> {
  for (let look = 1; ; look += 1) {
    const { rows } = await client.query(
      `SELECT application_name, state, query FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [database],
    );
    if (rows.length === 0 || look === 50) return rows;
    await client.query('SELECT pg_sleep(0.05)');
  }
}

async function makeTemplate(
  client: pg.Client,
  template: string,
  sets: readonly MigrationSet[],
): Promise<void> {
  // Built under another name, so that a run that is ended in the middle leaves no half-made template.
  const building = `${template}_building`;
  await client.query(`DROP DATABASE IF EXISTS ${building} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${building}`);
  const db = openDb({ url: named(building), applicationName: 'template' });
  await migrate(db, sets).finally(() => db.close());
  await client.query(`ALTER DATABASE ${building} RENAME TO ${template}`);
}

async function digest(sets: readonly MigrationSet[]): Promise<string> {
  const hash = createHash('sha256');
  for (const set of sets) {
    hash.update(set.name);
    for (const name of (await readdir(set.folder)).sort())
      hash.update(name).update(await readFile(join(set.folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

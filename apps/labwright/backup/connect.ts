import type { Queryable } from '@labwright/kernel/db';
import { typeParsers } from '@labwright/kernel/pg-types';
import pg from 'pg';

/**
 * One connection with which tables are copied: it may take as long as that takes, and writes values as every PostgreSQL reads them. Throws
 * a sentence where the database cannot be reached.
 */
export async function connect(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: typeParsers,
  });
  // A connection that breaks says so with its statement as well.
  client.on('error', () => {});
  const { hostname, port, pathname, username } = new URL(url);
  await client.connect().catch((error) => {
    throw new Error(
      `The database ${pathname.slice(1)} on ${hostname}:${port || 5432} cannot be reached as ${username || 'the default user'}. Does PostgreSQL run there, and is the URL right?`,
      { cause: error },
    );
  });
  await client.query(
    `SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET timezone = 'UTC'; SET datestyle = 'ISO';
     SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET client_encoding = 'UTF8'`,
  );
  return client;
}

/** The connection for use cases that are written against a transaction. */
export function queryableOf(client: pg.Client): Queryable {
  const run = (text: string, values: readonly unknown[] = []) => client.query(text, values as unknown[]);
  return {
    database: client,
    query: async <Row>({ text }: { text: string }, values?: readonly unknown[]) =>
      (await run(text, values)).rows as Row[],
    first: async <Row>({ text }: { text: string }, values?: readonly unknown[]) =>
      (await run(text, values)).rows[0] as Row | undefined,
    execute: async ({ text }, values) => (await run(text, values)).rowCount ?? 0,
    raw: async (sql) => {
      await client.query(sql);
    },
  };
}

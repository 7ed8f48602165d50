import pg from 'pg';
import type { Credentials } from './credentials.ts';
import { errorCode } from './errors.ts';
import { host } from './ports.ts';

export type ConnectionAnswer =
  | { state: 'connected'; version: string; dataDirectory: string }
  /** The server knows another password: it is not ours, or `pgpass` is not of this data. */
  | { state: 'refused' }
  /** Nobody listens, or the server is starting, recovering or stopping. */
  | { state: 'not_yet'; reason: string };

const connectionTimeoutMs = 2000;

/** One attempt to talk to a server as the owner of its data. Never throws. */
export async function tryConnecting(credentials: Credentials): Promise<ConnectionAnswer> {
  const { user, password, port } = credentials;
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database: 'postgres',
    connectionTimeoutMillis: connectionTimeoutMs,
    query_timeout: connectionTimeoutMs,
    ssl: false,
  });
  // A connection that breaks between two calls reports it here, and would end the process otherwise.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; data_directory: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('data_directory') AS data_directory`,
    );
    const row = rows[0];
    if (!row) return { state: 'not_yet', reason: 'no answer' };
    return { state: 'connected', version: row.version, dataDirectory: row.data_directory };
  } catch (error) {
    const invalidPassword = ['28P01', '28000'].includes(errorCode(error) ?? '');
    if (invalidPassword) return { state: 'refused' };
    return { state: 'not_yet', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.end().catch(() => {});
  }
}

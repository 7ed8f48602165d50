/**
 * Port, user and password of a folder, kept in PostgreSQL's own format, so that any client can use them:
 * `PGPASSFILE=<folder>/pgpass psql -h localhost -p <port> -U lab_admin device_db`.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import { host } from './ports.ts';
import { give, type RunAs } from './run-as.ts';

export interface Credentials {
  user: string;
  password: string;
  port: number;
}

/** How to reach the server of a folder that another process owns. */
export interface Connection extends Credentials {
  host: typeof host;
  /** The connection URL of one database of that server. */
  url(database: string): string;
}

/**
 * The connection that the last start of this folder announced; whether it still runs is for the caller to
 * find out. Undefined before the first start. Throws `not_permitted` or `password_lost`.
 */
export function readConnection(folder: string): Connection | undefined {
  const credentials = readCredentials(folder);
  return credentials?.port ? connectionWith(credentials) : undefined;
}

export function connectionWith({ user, password, port }: Credentials): Connection {
  const url = (database: string) =>
    `postgres://${user}:${password}@${host}:${port}/${encodeURIComponent(database)}`;
  return { host, port, user, password, url };
}

function credentialsFile(folder: string): string {
  return join(folder, 'pgpass');
}

export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** What the folder remembers; undefined before its first start. Throws `password_lost` when it is unreadable. */
export function readCredentials(folder: string): Credentials | undefined {
  const file = credentialsFile(folder);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new EmbeddedPostgresError(
      'not_permitted',
      `${file} can't be read (${errorCode(error)}): start as the user who owns it.`,
      { cause: error },
    );
  }
  const [, port, , user, password] = text.trim().split(':');
  if (!user || !password || !/^\d+$/.test(port ?? '')) {
    throw new EmbeddedPostgresError('password_lost', `${file} is damaged. Restore it from a backup.`);
  }
  return { user, password, port: Number(port) };
}

/** Replaces the file in one step that survives a loss of power: without it the data would be locked away. */
export function writeCredentials(folder: string, credentials: Credentials, runAs: RunAs | undefined): void {
  const file = credentialsFile(folder);
  const draft = `${file}.draft`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    // Any host name: people type localhost as well as 127.0.0.1.
    writeFileSync(descriptor, `*:${credentials.port}:*:${credentials.user}:${credentials.password}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  give(draft, runAs);
  renameSync(draft, file);
  flushFolder(dirname(file));
}

/** Makes renames inside a folder durable. Windows has no such call, and needs none. */
export function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

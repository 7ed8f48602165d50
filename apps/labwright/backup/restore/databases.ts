import type pg from 'pg';
import { ensureDatabase, startEmbeddedPostgres } from '../../embedded-postgres/index.ts';
import { connect } from '../connect.ts';
import { ownTables } from '../cut.ts';
import { type ServiceName, serviceNames } from '../services.ts';
import { dropEverything } from './schema.ts';

/** The three databases that are filled, each in one open transaction. */
export interface TargetDatabases {
  readonly clients: ReadonlyMap<ServiceName, pg.Client>;
  /** What is in them already, in words. */
  readonly occupied: readonly string[];
  /** Takes away what is in them, within the transactions. */
  clear(): Promise<void>;
  commit(): Promise<void>;
  /** The rest of the laboratory is in its place: from now on they may be used. */
  release(): Promise<void>;
  close(): Promise<void>;
}

const applicationName = 'labwright restore';

/** A PostgreSQL of its own in `folder`, which is moved to its place afterwards: `commit` ends it. */
export async function ownDatabases(folder: string): Promise<TargetDatabases> {
  const postgres = await startEmbeddedPostgres({ folder });
  const clients = new Map<ServiceName, pg.Client>();
  const end = async () => {
    await Promise.all([...clients.values()].map((client) => client.end()));
    await postgres.stop();
  };
  try {
    const names = {
      'device-service': 'device_db',
      'workflow-service': 'workflow_db',
      'hub-service': 'hub_db',
    };
    for (const service of serviceNames) {
      const client = await connect(await ensureDatabase(postgres, names[service]), applicationName);
      await client.query('BEGIN');
      clients.set(service, client);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    clients,
    occupied: [],
    clear: async () => {},
    commit: async () => {
      for (const client of clients.values()) await client.query('COMMIT');
      await end();
      clients.clear();
    },
    release: async () => {},
    close: end,
  };
}

/**
 * Databases on servers of others. All are filled before the first one commits; each commits with the table `restore_unfinished`, with which no service
 * starts, and loses it when everything is in its place. Throws where somebody works with one of them.
 */
export async function givenDatabases(urls: Record<ServiceName, string>): Promise<TargetDatabases> {
  const clients = new Map<ServiceName, pg.Client>();
  const close = async () => {
    await Promise.all([...clients.values()].map((client) => client.end()));
  };
  const occupied: string[] = [];
  try {
    for (const service of serviceNames) {
      const client = await connect(urls[service], applicationName);
      clients.set(service, client);
      await refuseCompany(service, client);
      const tables = await ownTables(client);
      const database = new URL(urls[service]).pathname.slice(1);
      if (tables.length > 0 && !tables.includes('restore_unfinished'))
        occupied.push(`the database ${database} of ${service}, with ${tables.length} tables`);
      await client.query('BEGIN');
    }
  } catch (error) {
    await close();
    throw error;
  }
  const each = async (sql: string) => {
    for (const client of clients.values()) await client.query(sql);
  };
  return {
    clients,
    occupied,
    clear: async () => {
      for (const client of clients.values()) await dropEverything(client);
    },
    commit: async () => {
      await each('CREATE TABLE restore_unfinished ()');
      await each('COMMIT');
    },
    release: () => each('DROP TABLE restore_unfinished'),
    close,
  };
}

async function refuseCompany(service: ServiceName, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT coalesce(nullif(application_name, ''), 'a program without a name') AS name FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY 1`,
  );
  if (rows.length === 0) return;
  throw new Error(
    `Somebody works with the database of ${service}: ${rows.map(({ name }) => name).join(', ')}. Stop that first.`,
  );
}

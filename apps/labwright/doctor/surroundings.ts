import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { connect } from '../backup/connect.ts';
import { type Laboratory, readLaboratory } from '../backup/laboratory.ts';
import { type ServiceName, serviceNames } from '../backup/services.ts';
import { readConnection } from '../embedded-postgres/index.ts';

/** What the checks look at; none of them changes anything. */
export interface Surroundings {
  readonly env: Record<string, string | undefined>;
  readonly laboratory: Laboratory;
  /** Something was started in `home` before. */
  readonly exists: boolean;
  /** Where each database is said to be; empty where there was never one. */
  readonly urls: ReadonlyMap<ServiceName, string>;
  /** Those that answer. */
  readonly databases: ReadonlyMap<ServiceName, pg.Client>;
  /** Why the others do not. */
  readonly unreachable: ReadonlyMap<ServiceName, Error>;
  close(): Promise<void>;
}

const names = { 'device-service': 'device_db', 'workflow-service': 'workflow_db', 'hub-service': 'hub_db' };

/** Throws a `ConfigError` where the settings cannot be read. */
export async function lookAround(env: Record<string, string | undefined>): Promise<Surroundings> {
  const laboratory = readLaboratory(env);
  const urls = new Map<ServiceName, string>();
  const databases = new Map<ServiceName, pg.Client>();
  const unreachable = new Map<ServiceName, Error>();
  const connection = laboratory.urls ? undefined : ownConnection(laboratory.home, unreachable);
  for (const service of serviceNames) {
    const url = laboratory.urls?.[service] ?? connection?.url(names[service]);
    if (!url) continue;
    urls.set(service, url);
    try {
      const client = await connect(url, 'labwright doctor');
      databases.set(service, client);
      await client.query(
        `SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET statement_timeout = '10s'; SET lock_timeout = '2s'`,
      );
    } catch (error) {
      unreachable.set(service, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return {
    env,
    laboratory,
    exists:
      laboratory.urls !== undefined || existsSync(join(laboratory.home, 'postgres', 'data', 'PG_VERSION')),
    urls,
    databases,
    unreachable,
    close: async () => {
      await Promise.all([...databases.values()].map((client) => client.end()));
    },
  };
}

function ownConnection(home: string, unreachable: Map<ServiceName, Error>) {
  try {
    return readConnection(join(home, 'postgres'));
  } catch (error) {
    for (const service of serviceNames)
      unreachable.set(service, error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
}

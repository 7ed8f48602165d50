import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devicesMigrations } from '@labwright/devices';
import { type Db, openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import { kernelMigrations } from '@labwright/kernel/service';
import { workflowsMigrations } from '@labwright/workflows';
import { ensureDatabase, startEmbeddedPostgres } from 'labwright/embedded-postgres';
import pg from 'pg';
import type { Scope } from '../scope.ts';
import { type RunningService, startProcess } from './processes.ts';
import { productionEnv } from './production.ts';

/** Where the benchmarks run: a PostgreSQL of their own in a temporary folder, and services on it. */
export interface Laboratory {
  /** `PostgreSQL 18.4`. */
  readonly postgresVersion: string;
  /** The environment of whatever is measured: that of the production image. */
  readonly production: Readonly<Record<string, string>>;
  /** A migrated database of this name, filled by `fill`, analysed and written to disk; dropped with the scope. */
  database(scope: Scope, name: string, kind: 'device' | 'workflow', fill: Fill): Promise<string>;
  /** A database without a table; dropped with the scope. */
  emptyDatabase(scope: Scope, name: string): Promise<string>;
  /** A service in a process of its own; ended with the scope. */
  service(scope: Scope, options: ServiceOptions): Promise<RunningService>;
  /** A bare `pg` client, with these settings for the server; ended with the scope. */
  client(scope: Scope, url: string, options?: string): Promise<pg.Client>;
}

export type Fill = (client: pg.Client, db: Db) => Promise<void>;

export interface ServiceOptions {
  /** `device-service`, `workflow-service`, `hub-service`, or `floor`: bare Fastify with one statement a request. */
  program: 'device-service' | 'workflow-service' | 'hub-service' | 'floor';
  databaseUrl: string;
  env?: Record<string, string>;
}

const migrations = { device: devicesMigrations, workflow: workflowsMigrations };

/** The entry points of the programs, from the root of the repository. */
const programs = {
  'device-service': 'apps/device-service/main.ts',
  'workflow-service': 'apps/workflow-service/main.ts',
  'hub-service': 'apps/hub-service/main.ts',
  floor: 'bench/floor/server.ts',
};

/**
 * Starts a PostgreSQL as `npm start` does: the same programs and the same settings, `fsync` on.
 * Services run with `nodeOptions`, or those of the production image. Everything is stopped and removed with the scope.
 */
export async function openLaboratory(scope: Scope, nodeOptions?: string): Promise<Laboratory> {
  const production = await productionEnv();
  if (nodeOptions !== undefined) production.NODE_OPTIONS = nodeOptions;
  const folder = await mkdtemp(join(tmpdir(), 'labwright-bench-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
  scope.defer(() => postgres.stop());

  const client: Laboratory['client'] = async (inner, url, options = '-c timezone=UTC') => {
    const connection = new pg.Client({ connectionString: url, options });
    // A client without a listener would end the process when the server goes first.
    connection.on('error', () => {});
    await connection.connect();
    inner.defer(() => connection.end());
    return connection;
  };

  const admin = await client(scope, postgres.url('postgres'));
  const version = await admin.query<{ server_version: string }>('SHOW server_version');

  return {
    postgresVersion: `PostgreSQL ${version.rows[0]?.server_version ?? '?'}`,
    production,
    client,
    emptyDatabase: async (inner, name) => {
      const url = await ensureDatabase(postgres, name);
      inner.defer(() => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
      return url;
    },
    database: async (inner, name, kind, fill) => {
      const url = await ensureDatabase(postgres, name);
      inner.defer(() => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
      const db = openDb({ url, applicationName: 'bench', max: 2, statementTimeout: 600_000 });
      const bare = new pg.Client({ connectionString: url });
      try {
        await bare.connect();
        await migrate(db, [kernelMigrations, ...migrations[kind]]);
        await fill(bare, db);
        // Otherwise autovacuum and the checkpoint of what was filled in would run in the middle of a round.
        await bare.query('VACUUM (ANALYZE)');
        await bare.query('CHECKPOINT');
      } finally {
        await bare.end();
        await db.close();
      }
      return url;
    },
    service: (inner, options) =>
      startProcess(inner, {
        program: programs[options.program],
        logFile: join(folder, `${options.program}-${crypto.randomUUID()}.log`),
        env: {
          ...production,
          DEVICE_DATABASE_URL: options.databaseUrl,
          WORKFLOW_DATABASE_URL: options.databaseUrl,
          HUB_DATABASE_URL: options.databaseUrl,
          DEVICE_SERVICE_PORT: '0',
          WORKFLOW_SERVICE_PORT: '0',
          HUB_SERVICE_PORT: '0',
          LABWRIGHT_HOME: join(folder, 'home'),
          ...options.env,
        },
      }),
  };
}

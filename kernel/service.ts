import type { Clock } from './clock.ts';
import { type Db, openDb } from './db.ts';
import { type ErrorCatalogue, isProblem } from './errors.ts';
import { createHttpServer, expireIdempotencyKeys, type HttpServer, type Routes } from './http/index.ts';
import { loop, type Part } from './lifecycle.ts';
import type { Log } from './log.ts';
import { type MigrationSet, migrate } from './migrate.ts';
import { createMetrics, type Metrics } from './telemetry.ts';

/** What a service gets from the process that hosts it. */
export interface ServiceDeps {
  readonly db: Db;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What a service is: rules, tables and routes of one domain. */
export interface Service {
  readonly name: string;
  readonly version: string;
  /** For the top of its reference page. */
  readonly description: string;
  readonly routes: Routes;
  readonly errors: readonly ErrorCatalogue[];
  readonly readiness?: Record<string, () => Promise<void>>;
  /** Begins its background work; its tables are there by then. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface HostOptions<S extends Service> {
  name: string;
  databaseUrl: string;
  host: string;
  port: number;
  log: Log;
  clock: Clock;
  migrations: readonly MigrationSet[];
  /** Connections to the database. */
  maxConnections?: number;
  maxInFlight?: number;
  build: (deps: ServiceDeps) => S;
}

export interface HostedService<S extends Service> extends Part {
  readonly service: S;
  readonly db: Db;
  readonly server: HttpServer;
  /** The port that is really open; 0 before the start. */
  readonly port: number;
}

/** The tables that every service's database carries beside its own. */
export const kernelMigrations: MigrationSet = {
  name: 'kernel',
  folder: new URL('./migrations', import.meta.url).pathname,
};

/**
 * Migrates the database, builds the service and its server. `start` begins its background work and then
 * listens; `stop` answers the requests in hand, stops the background work and closes the connections.
 */
export async function hostService<S extends Service>(options: HostOptions<S>): Promise<HostedService<S>> {
  const { log } = options;
  const db = openDb({
    url: options.databaseUrl,
    applicationName: options.name,
    log,
    ...(options.maxConnections ? { max: options.maxConnections } : {}),
  });
  try {
    const { applied } = await migrate(db, [kernelMigrations, ...options.migrations]).catch((error) => {
      throw isProblem(error, 'database_unavailable') ? unreachable(options, error) : error;
    });
    if (applied.length > 0) log.info({ applied }, 'the database was migrated');
    const metrics = createMetrics(options.name);
    const service = options.build({ db, log, metrics, clock: options.clock });
    const server = await createHttpServer({
      name: service.name,
      version: service.version,
      description: service.description,
      log,
      db,
      metrics,
      routes: service.routes,
      errors: service.errors,
      ...(service.readiness ? { readiness: service.readiness } : {}),
      ...(options.maxInFlight ? { maxInFlight: options.maxInFlight } : {}),
    });
    return hosted(options, service, db, server);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Names the database, not the password. */
function unreachable({ name, databaseUrl }: { name: string; databaseUrl: string }, error: Error) {
  const { hostname, port, pathname, username } = new URL(databaseUrl);
  const where = `${pathname.slice(1)} on ${hostname}:${port || 5432} as ${username || 'the default user'}`;
  return new Error(
    `${name} cannot reach its database, ${where}. Does PostgreSQL run there, and is the URL right?`,
    {
      cause: error.cause ?? error,
    },
  );
}

function hosted<S extends Service>(
  options: HostOptions<S>,
  service: S,
  db: Db,
  server: HttpServer,
): HostedService<S> {
  const sweep = loop({
    name: `${options.name} housekeeping`,
    idleMs: 600_000,
    log: options.log,
    work: async () => {
      await expireIdempotencyKeys(db);
    },
  });
  let port = 0;
  return {
    name: options.name,
    service,
    db,
    server,
    get port() {
      return port;
    },
    start: async () => {
      await service.start();
      await sweep.start();
      port = await server.listen({ host: options.host, port: options.port });
      options.log.info({ port }, 'the service listens');
    },
    stop: async () => {
      await server.close();
      await service.stop();
      await sweep.stop();
      await db.close();
    },
  };
}

import type { Clock } from './clock.ts';
import { ConfigError } from './config.ts';
import { type Db, openDb } from './db.ts';
import { type ErrorCatalogue, isProblem } from './errors.ts';
import {
  createHttpServer,
  expireIdempotencyKeys,
  type Guard,
  type HttpServer,
  type Routes,
  type VouchedAddress,
} from './http/index.ts';
import { type Identity, isLoopback } from './identity.ts';
import { loop, type Part, stopNamed } from './lifecycle.ts';
import type { Log } from './log.ts';
import { type MigrationSet, migrate } from './migrate.ts';
import type { InNetworks } from './networks.ts';
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
  /** Of the scopes that its routes ask API tokens for: `devices` in `devices:read`. */
  readonly domain?: string;
  /** Where `/` leads. Default: its reference page. */
  readonly home?: string;
  readonly routes: Routes;
  readonly errors: readonly ErrorCatalogue[];
  readonly readiness?: Record<string, () => Promise<void>>;
  /** Begins its background work; its tables are there by then. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** One domain of several that share the process, the server and the database of one service. */
export type Module = Pick<Service, 'name' | 'routes' | 'errors' | 'readiness' | 'start' | 'stop'>;

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
  /** Who asks, made once the service is built. Without it whoever sits at this machine, which `host` must then keep to itself. */
  identity?: (service: S) => Identity;
  /** What to do, for the sentence by which a start without accounts is refused. */
  accountsRemedy?: string;
  /** Proxies that are believed when they say for whom they ask (`TRUSTED_PROXIES`). Default: none. */
  trustedProxies?: InNetworks | undefined;
  /** The address of a client for whom another service of this laboratory passes a request on. Default: nobody's word is taken. */
  vouched?: VouchedAddress | undefined;
  /** Looks at each request, rate limits say; started before the service and stopped after it. */
  guard?: (deps: ServiceDeps) => HostedGuard;
  build: (deps: ServiceDeps) => S;
}

/** A guard with a life of its own. */
export interface HostedGuard extends Part {
  readonly guard: Guard;
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
  refuseOpenDoor(options);
  const db = openDb({
    url: options.databaseUrl,
    applicationName: options.name,
    log,
    ...(options.maxConnections ? { max: options.maxConnections } : {}),
  });
  let guard: HostedGuard | undefined;
  try {
    const { applied } = await migrate(db, [kernelMigrations, ...options.migrations]).catch((error) => {
      throw isProblem(error, 'database_unavailable') ? unreachable(options, error) : error;
    });
    if (applied.length > 0) log.info({ applied }, 'the database was migrated');
    const metrics = createMetrics(options.name);
    const deps: ServiceDeps = { db, log, metrics, clock: options.clock };
    const service = options.build(deps);
    guard = options.guard?.(deps);
    const identity = options.identity?.(service);
    const server = await createHttpServer({
      name: service.name,
      version: service.version,
      description: service.description,
      log,
      db,
      metrics,
      routes: service.routes,
      errors: service.errors,
      ...(service.domain ? { domain: service.domain } : {}),
      ...(service.home ? { home: service.home } : {}),
      ...(service.readiness ? { readiness: service.readiness } : {}),
      ...(guard ? { guard: guard.guard } : {}),
      ...(identity ? { authenticate: identity.authenticate } : {}),
      trustedProxies: options.trustedProxies,
      vouched: options.vouched,
      ...(options.maxInFlight ? { maxInFlight: options.maxInFlight } : {}),
    });
    return hosted(options, service, db, server, { guard, identity });
  } catch (error) {
    await guard?.stop();
    await db.close();
    throw error;
  }
}

/** A service that trusts whoever reaches it must be reached from its own machine only. */
function refuseOpenDoor(options: {
  name: string;
  host: string;
  identity?: unknown;
  accountsRemedy?: string;
  trustedProxies?: unknown;
}): void {
  const { name, host, identity, accountsRemedy, trustedProxies } = options;
  if (identity) return;
  if (trustedProxies)
    throw new ConfigError([
      `TRUSTED_PROXIES is set: a proxy brings in requests from elsewhere, and ${name} has no accounts to tell who may do what. ${accountsRemedy ?? 'Give it accounts'}, or leave TRUSTED_PROXIES out`,
    ]);
  if (isLoopback(host)) return;
  throw new ConfigError([
    `HOST is ${host}: other machines could reach ${name}, and it has no accounts to tell who may do what. ${accountsRemedy ?? 'Give it accounts'}, or leave HOST at 127.0.0.1`,
  ]);
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
  { guard, identity }: { guard: HostedGuard | undefined; identity: Identity | undefined },
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
      await guard?.start();
      await service.start();
      await identity?.start();
      await sweep.start();
      port = await server.listen({ host: options.host, port: options.port });
      options.log.info({ port }, 'the service listens');
    },
    stop: async () => {
      await stopNamed('requests in hand', () => server.close());
      await stopNamed('identity', async () => identity?.stop());
      await stopNamed(service.name, () => service.stop());
      await stopNamed('housekeeping', () => sweep.stop());
      await stopNamed('limits', async () => guard?.stop());
      await stopNamed('database', () => db.close());
    },
  };
}

import { createWorker, jobMetrics, jobsMigrations, type Worker } from '@labwright/jobs';
import { type Isolation, loadHandlers, openIsolation } from '@labwright/jobs/isolation';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { askAdmission, createRelay, openBroker, rabbitTransport } from '@labwright/jobs/transports/rabbitmq';
import { type Db, openDb } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { createHttpServer } from '@labwright/kernel/http';
import type { Log } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { createMetrics } from '@labwright/kernel/telemetry';
import type { WorkerSettings } from '../options.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { watchStrays } from './strays.ts';

export interface HostedWorker {
  readonly tasks: readonly string[];
  readonly ledger: Ledger;
  /** False where jobs come by a broker that is away: they wait in the database. */
  readonly brokerThere: boolean;
  /** Of the probes; 0 where there are none. */
  readonly healthPort: number;
  start(): Promise<void>;
  /** Claims nothing more, waits for the jobs in hand as long as the settings say, hands the rest back. */
  stop(): Promise<void>;
  /** Hands the jobs in hand back now. */
  handBack(): Promise<void>;
}

/** A worker with all that belongs to it. Throws a sentence where the database or the handlers are not to be had, or the broker refuses. */
export async function hostWorker(
  settings: WorkerSettings,
  { log, host, onJoined }: { log: Log; host: string; onJoined(id: string): void },
): Promise<HostedWorker> {
  const found = await loadHandlers(settings.modules);
  const db = openDb({ url: settings.databaseUrl, applicationName: 'labwright worker', log, max: 4 });
  try {
    await migrate(db, [jobsMigrations]);
  } catch (error) {
    await db.close();
    throw isProblem(error, 'database_unavailable') ? unreachable(settings.databaseUrl, error) : error;
  }
  const { isolation: wish, concurrency, transport } = settings;
  const brokerThere =
    transport.kind === 'postgres' ||
    (await askAdmission(transport.url, 'labwright worker').catch(async (error) => {
      await db.close();
      throw error;
    }));
  const isolation = wish && openIsolation({ ...wish, modules: settings.modules, size: concurrency, log });
  const metrics = createMetrics('worker');
  const strays = watchStrays(isolation ? found.map(({ task }) => isolation.isolated(task)) : found, log);
  const ledger = openLedger(strays.handlers);
  let joined = false;
  let stopping = false;
  const carriage = carriageOf(settings, db, log);
  const worker: Worker = createWorker({
    db,
    transport: carriage.transport,
    log,
    queues: settings.queues,
    handlers: ledger.handlers,
    concurrency,
    leaseMs: settings.leaseMs,
    drainMs: settings.drainMs,
    observer: jobMetrics(metrics, db, settings.queues, { running: () => worker.running, concurrency }),
    onJoined: (id) => {
      joined = true;
      onJoined(id);
    },
  });
  const probes =
    settings.healthPort === null
      ? null
      : await createHttpServer({
          name: 'worker',
          version: '0.1.0',
          description: `Carries out the jobs of ${settings.queues.join(', ')}.`,
          log,
          db,
          metrics,
          routes: () => {},
          errors: [],
          readiness: {
            worker: async () => {
              if (stopping) throw new Error('it stops');
              if (!joined) throw new Error('it is not on record as a worker yet');
            },
            transport: async () => carriage.ready(),
          },
        });
  let healthPort = 0;

  return {
    tasks: found.map(({ task }) => task.name),
    ledger,
    brokerThere,
    get healthPort() {
      return healthPort;
    },
    start: async () => {
      await isolation?.start();
      if (probes) healthPort = await probes.listen({ host, port: settings.healthPort ?? 0 });
      await carriage.start();
      await worker.start();
    },
    stop: async () => {
      stopping = true;
      await worker.stop();
      await carriage.stop();
      await endAll(isolation, probes, db);
      strays.stop();
    },
    handBack: () => worker.handBack(),
  };
}

/** By what jobs come to a worker of these settings; by RabbitMQ, with a relay of its own beside those of the other workers. */
function carriageOf({ transport, databaseUrl, queues }: WorkerSettings, db: Db, log: Log) {
  if (transport.kind === 'postgres')
    return { transport: postgresTransport(db), ready: () => {}, start: async () => {}, stop: async () => {} };
  const broker = openBroker({ url: transport.url, name: 'labwright worker', log });
  // One for each database: their jobs share no queue of the broker.
  const namespace = new URL(databaseUrl).pathname
    .slice(1)
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 50);
  const relay = createRelay({ db, broker, namespace, queues, log });
  return {
    transport: rabbitTransport({ db, broker, namespace, log }),
    ready: () => {
      if (!broker.up) throw new Error('the broker is away; jobs wait in the database');
    },
    start: () => relay.start(),
    stop: async () => {
      await relay.stop();
      await broker.close();
    },
  };
}

async function endAll(
  isolation: Isolation | null,
  probes: { close(): Promise<void> } | null,
  db: Db,
): Promise<void> {
  await isolation?.stop();
  await probes?.close();
  await db.close();
}

/** Names the database, not the password. */
function unreachable(url: string, cause: Error): Error {
  const { code = '' } = (cause.cause ?? cause) as { code?: string };
  // A code of five characters is PostgreSQL's own: it answered.
  const why = /^[0-9A-Z]{5}$/.test(code)
    ? 'refuses. Is the database there, and the user allowed to use it?'
    : 'does not answer. Does PostgreSQL run there?';
  return new Error(`The jobs cannot be reached: ${placeOf(url)} ${why}`, { cause: cause.cause ?? cause });
}

/** `device_db on localhost:5432` */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${pathname.slice(1)} on ${hostname}${port ? `:${port}` : ''}`;
}

/** A worker or a relay in a process of its own, for tests that do it harm: `process.ts SETTINGS`, as JSON. */
import { openDb } from '@labwright/kernel/db';
import { createLog } from '@labwright/kernel/log';
import { createWorker } from '../../index.ts';
import { postgresTransport } from '../../transports/postgres/index.ts';
import { createRelay, openBroker, rabbitTransport } from '../../transports/rabbitmq/index.ts';
import { handlers } from './tasks.ts';

export interface Settings {
  role: 'worker' | 'relay';
  database: string;
  /** Absent: straight from PostgreSQL. */
  broker?: string;
  queues: string[];
  leaseMs: number;
  concurrency: number;
}

export const namespace = 'fire';

if (process.argv[2]) {
  const settings: Settings = JSON.parse(process.argv[2]);
  const log = createLog({ service: settings.role, level: 'warn' });
  // Who is told nothing gives up soon here, for a run is short.
  const db = openDb({
    url: settings.database,
    applicationName: 'under fire',
    log,
    max: 6,
    statementTimeout: 3_000,
    answerTimeout: 1_000,
    connectTimeout: 2_000,
  });
  const { queues, leaseMs, concurrency } = settings;
  const broker = settings.broker ? openBroker({ url: settings.broker, name: settings.role, log }) : undefined;
  const part =
    settings.role === 'relay' && broker
      ? createRelay({ db, broker, namespace, queues, log, lostAfterMs: 3_000 })
      : createWorker({
          db,
          transport: broker ? rabbitTransport({ db, broker, namespace, log }) : postgresTransport(db),
          log,
          queues,
          concurrency,
          leaseMs,
          drainMs: 2_000,
          handlers: handlers(db),
        });
  let stopping = false;
  process.once('SIGTERM', async () => {
    stopping = true;
    await part.stop();
    await broker?.close();
    await db.close();
  });
  await part.start().catch((error) => {
    // It was ended before the database answered for the first time.
    if (!stopping) throw error;
  });
}

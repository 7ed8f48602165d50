import { join, resolve } from 'node:path';
import type { Log } from '@labwright/kernel/log';
import { refuseUnfinished } from './backup/restore/place-parts.ts';
import {
  claimFolder,
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  ensureDatabase,
  readConnection,
  startEmbeddedPostgres,
} from './embedded-postgres/index.ts';
import type { UpSettings } from './settings.ts';

export interface Databases {
  device: string;
  workflow: string;
  hub: string;
  /** Set where the PostgreSQL is our own. */
  embedded: { port: number; folder: string } | null;
  close(): Promise<void>;
  /** Without waiting for anybody; also while `close` is under way. */
  closeAtOnce(): Promise<void>;
}

const noop = async () => {};
const names = { device: 'device_db', workflow: 'workflow_db', hub: 'hub_db' } as const;

type Chosen = Pick<
  UpSettings,
  'LABWRIGHT_HOME' | 'POSTGRES_PORT' | 'DEVICE_DATABASE_URL' | 'WORKFLOW_DATABASE_URL' | 'HUB_DATABASE_URL'
>;

const postgresFolder = (home: string) => join(resolve(home), 'postgres');

/** The databases that the settings name, or those of the embedded PostgreSQL, which is started and kept running. */
export async function openDatabases(settings: Chosen, log: Log): Promise<Databases> {
  const { DEVICE_DATABASE_URL: device, WORKFLOW_DATABASE_URL: workflow, HUB_DATABASE_URL: hub } = settings;
  if (device && workflow && hub)
    return { device, workflow, hub, embedded: null, close: noop, closeAtOnce: noop };

  const folder = postgresFolder(settings.LABWRIGHT_HOME);
  refuseUnfinished(resolve(settings.LABWRIGHT_HOME));
  const release = claim(folder);
  try {
    const options = {
      folder,
      port: settings.POSTGRES_PORT,
      log: (line: string) => log.info(line),
      // A transaction that somebody forgot in a psql would hold its locks and the event feed for ever.
      settings: { idle_in_transaction_session_timeout: '5min' },
    };
    const first = await startEmbeddedPostgres(options);
    const urls = await makeDatabases(first).catch(async (error) => {
      await first.stop();
      throw error;
    });
    const keeper = keepRunning(first, () => startEmbeddedPostgres({ ...options, port: first.port }), log);
    return {
      ...urls,
      embedded: { port: first.port, folder },
      close: async () => {
        await keeper.stop();
        release();
      },
      closeAtOnce: async () => {
        await keeper.stopAtOnce();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

const makeDatabases = async (postgres: EmbeddedPostgres) => ({
  device: await ensureDatabase(postgres, names.device),
  workflow: await ensureDatabase(postgres, names.workflow),
  hub: await ensureDatabase(postgres, names.hub),
});

function claim(folder: string): () => void {
  try {
    return claimFolder(folder);
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError) || error.code !== 'folder_claimed') throw error;
    const message = `A laboratory runs in this folder already. ${error.message} (LABWRIGHT_HOME names the folder.)`;
    throw new EmbeddedPostgresError(error.code, message);
  }
}

/** Starts PostgreSQL again whenever it ends without having been asked to: nobody may be there at night. */
function keepRunning(first: EmbeddedPostgres, start: () => Promise<EmbeddedPostgres>, log: Log) {
  let current = first;
  let stopping = false;

  const watch = async () => {
    for (let failures = 0; !stopping; ) {
      await current.ended;
      if (stopping) return;
      log.error('PostgreSQL ended by itself and is started again');
      try {
        current = await start();
        failures = 0;
      } catch (error) {
        failures += 1;
        log.error({ err: error, failures }, 'PostgreSQL could not be started again');
        await new Promise((resolveWait) => setTimeout(resolveWait, Math.min(30_000, 500 * 2 ** failures)));
      }
    }
  };
  const watching = watch();

  return {
    stop: async () => {
      stopping = true;
      await current.stop();
      await watching;
    },
    stopAtOnce: async () => {
      stopping = true;
      await current.stopAtOnce();
    },
  };
}

/** The database of device-service, where it is given or where a laboratory runs or ran here. Throws where there is none. */
export function deviceDatabaseOf(settings: Chosen): string {
  if (settings.DEVICE_DATABASE_URL) return settings.DEVICE_DATABASE_URL;
  const connection = readConnection(postgresFolder(settings.LABWRIGHT_HOME));
  if (connection) return connection.url(names.device);
  throw new Error(
    'There is no laboratory in this folder. Start one (npm start), or name the database: --database URL (for locks: --url).',
  );
}

/**
 * For commands beside a laboratory that may be running: the databases of the running one, or an embedded
 * PostgreSQL started for as long as the command takes.
 */
export async function borrowDatabases(settings: Chosen, log: Log): Promise<Databases> {
  try {
    return await openDatabases(settings, log);
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError) || error.code !== 'folder_claimed') throw error;
    const folder = postgresFolder(settings.LABWRIGHT_HOME);
    const connection = readConnection(folder);
    if (!connection) throw error;
    return {
      device: connection.url(names.device),
      workflow: connection.url(names.workflow),
      hub: connection.url(names.hub),
      embedded: { port: connection.port, folder },
      close: noop,
      closeAtOnce: noop,
    };
  }
}

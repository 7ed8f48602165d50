import { auditMigrations, usualRules } from '@labwright/audit';
import type { DevicesApi } from '@labwright/contract-devices';
import { workflowErrors } from '@labwright/contract-workflows';
import { feedMigrations } from '@labwright/feed';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defaultSettings, type WorkflowsDeps } from '../deps.ts';
import { importRoute } from './import/route.ts';
import type { UploadLimits } from './import/upload.ts';
import { sampleRoutes } from './index.ts';

/** A server with the routes of this folder alone, on a database of its own. */
export interface SamplesServer {
  readonly database: TestDatabase;
  readonly server: HttpServer;
  get(url: string): ReturnType<typeof send>;
  post(url: string, body?: object, headers?: Record<string, string>): ReturnType<typeof send>;
  /** Sends a file to the import; `query` like `?partial=true`. */
  importCsv(file: string | Buffer, query?: string, headers?: Record<string, string>): ReturnType<typeof send>;
  /** Rows in `samples`. */
  count(): Promise<number>;
  /** Rows that imports have laid by and not cleared away. */
  staged(): Promise<number>;
  stop(): Promise<void>;
}

/** Samples have no business with instruments: any use of them fails. */
const noDevices = new Proxy({} as DevicesApi, {
  get: (_target, name) => {
    throw new Error(`samples asked for the devices' ${String(name)}`);
  },
});

export const migrations = {
  name: 'workflows',
  folder: new URL('../migrations', import.meta.url).pathname,
};

const countSamples = rows(
  'samples.testing.count',
  Type.Object({ n: Type.Integer() }),
  'SELECT count(*)::integer AS n FROM samples',
);
const countStaged = rows(
  'samples.testing.staged',
  Type.Object({ n: Type.Integer() }),
  `SELECT ((SELECT count(*) FROM sample_import_rows) + (SELECT count(*) FROM sample_import_claims))::integer AS n`,
);

/** Empties the tables between tests. */
export const emptyTables = command(
  'samples.testing.empty',
  'TRUNCATE samples, plates, sample_imports CASCADE',
);

async function send(
  server: HttpServer,
  method: 'GET' | 'POST',
  url: string,
  payload: object | string | Buffer | undefined,
  headers: Record<string, string>,
) {
  const answer = await server.app.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
  const text = answer.body;
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    body: text ? JSON.parse(text) : undefined,
  };
}

/** `limits` replaces the limits of uploads, `clock` the machine's own. */
export async function startSamplesServer(
  options: { clock?: Clock; limits?: UploadLimits } = {},
): Promise<SamplesServer> {
  const database = await createTestDatabase([auditMigrations, feedMigrations, migrations]);
  const { db } = database;
  const metrics = createMetrics('samples-test');
  const deps: WorkflowsDeps = {
    db,
    log: silentLog,
    metrics,
    clock: options.clock ?? systemClock,
    devices: noDevices,
    audit: usualRules,
    settings: defaultSettings,
  };
  const server = await createHttpServer({
    name: 'samples-test',
    version: '0.0.0',
    description: 'For tests.',
    log: silentLog,
    db,
    metrics,
    routes: options.limits ? importRoute(deps, options.limits) : sampleRoutes(deps),
    errors: [workflowErrors],
    // Tests share the machine with other tests.
    maxEventLoopDelay: 60_000,
  });
  return {
    database,
    server,
    get: (url) => send(server, 'GET', url, undefined, {}),
    post: (url, body, headers = {}) => send(server, 'POST', url, body, headers),
    importCsv: (file, query = '', headers = {}) =>
      send(server, 'POST', `/samples/import${query}`, file, { 'content-type': 'text/csv', ...headers }),
    count: async () => (await db.first(countSamples))?.n ?? -1,
    staged: async () => (await db.first(countStaged))?.n ?? -1,
    stop: async () => {
      await server.close();
      await database.drop();
    },
  };
}

import { usualRules } from '@labwright/audit';
import { deviceErrors, type Execution } from '@labwright/contract-devices';
import { systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type DevicesDeps, defaultSettings } from '../../deps.ts';
import { devicesMigrations } from '../../index.ts';
import { logRoutes } from '../index.ts';

/** What the log routes need of their surroundings; `db` may be a spoilt one. */
function logDeps(db: Db): DevicesDeps {
  return {
    db,
    log: silentLog,
    metrics: createMetrics('test'),
    clock: systemClock,
    models: new Map(),
    openDriver: () => Promise.reject(new Error('the logs move nothing')),
    runner: 'test',
    settings: defaultSettings,
    audit: usualRules,
    announce: () => {},
  };
}

export interface LogBench {
  readonly db: Db;
  readonly url: string;
  readonly server: HttpServer;
  get(
    path: string,
    accept?: string,
  ): Promise<{ status: number; body: LogBody; text: string; headers: Record<string, unknown> }>;
  close(): Promise<void>;
}

const empty: LogBody = { execution_logs: [], next_cursor: null, prev_cursor: null };

export interface LogBody {
  execution_logs: Execution[];
  next_cursor: string | null;
  prev_cursor: string | null;
  page?: number;
  per_page?: number;
  code?: string;
  detail?: string;
  faults?: { path: string; message: string }[];
}

/** A database of its own and a server with the log routes on it. */
export async function logBench(change: (db: Db) => Db = (db) => db): Promise<LogBench> {
  const database = await createTestDatabase(devicesMigrations);
  const deps = logDeps(change(database.db));
  const server = await createHttpServer({
    name: 'test',
    version: '0.0.0',
    description: 'Test.',
    log: silentLog,
    db: database.db,
    metrics: deps.metrics,
    routes: logRoutes(deps),
    errors: [deviceErrors],
  });
  return {
    db: database.db,
    url: database.url,
    server,
    get: async (path, accept) => {
      const reply = await server.app.inject({ method: 'GET', url: path, headers: accept ? { accept } : {} });
      const isJson = /^application\/(problem\+)?json/.test(String(reply.headers['content-type']));
      return {
        status: reply.statusCode,
        body: isJson ? reply.json() : empty,
        text: reply.body,
        headers: reply.headers,
      };
    },
    close: async () => {
      await server.close();
      await database.drop();
    },
  };
}

const insertOne = command(
  'test.logs.insert',
  `INSERT INTO execution_logs (execution_id, device_id, device_type, workflow_id, operation, parameters, status, result,
     error, started_at, finished_at, duration_ms)
   SELECT r.execution_id, r.device_id, r.device_type, r.workflow_id, r.operation, coalesce(r.parameters, '{}'), r.status,
          r.result, r.error, r.started_at, CASE WHEN r.status <> 'running' THEN r.started_at END, r.duration_ms
   FROM jsonb_to_recordset($1::jsonb) AS r (execution_id text, device_id text, device_type text, workflow_id text,
     operation text, parameters jsonb, status text, result jsonb, error jsonb, started_at timestamptz, duration_ms integer)`,
);

/** Puts rows in; what is left out is made up. */
export async function insertLogs(db: Db, logs: Partial<Execution>[]): Promise<void> {
  const made = logs.map((log) => ({
    device_id: 'reader-1',
    device_type: 'plate_reader',
    operation: 'plate_read',
    status: 'succeeded',
    started_at: '2025-01-01T00:00:00Z',
    ...log,
  }));
  await db.execute(insertOne, [JSON.stringify(made)]);
}

const indexes = rows(
  'test.logs.indexes',
  Type.Object({ indexname: Type.Unknown(), indexdef: Type.String() }),
  `SELECT indexname, indexdef FROM pg_indexes
   WHERE tablename = 'execution_logs' AND indexname NOT IN ('execution_logs_pkey', 'execution_logs_one_running')`,
);

/**
 * Many rows quickly: 20 devices, 12 operations, one in fifty failed, one in ten thousand unknown, some at the same
 * time. One operation of one device (`rare_1` of `device-7`) failed three times among them all.
 */
export async function insertMany(db: Db, count: number): Promise<void> {
  const known = await db.query(indexes);
  await db.transaction(
    async (tx) => {
      await tx.raw(`SET LOCAL maintenance_work_mem = '256MB'; ALTER TABLE execution_logs SET UNLOGGED`);
      // Made anew afterwards, which is several times faster than keeping them up to date.
      await tx.raw(known.map(({ indexname }) => `DROP INDEX ${indexname}`).join('; '));
      await tx.raw(`
        INSERT INTO execution_logs (execution_id, device_id, device_type, workflow_id, operation, parameters,
          fencing_token, status, result, error, started_at, finished_at, duration_ms)
        SELECT 'execution-' || i, 'device-' || device, 'type-' || device % 5, 'workflow-' || i / 20,
               CASE WHEN i % 300000 = 7 THEN 'rare_1' ELSE 'operation_' || (i / 7) % 12 END, '{"volume_ul": 50}', 1,
               s.status, CASE s.status WHEN 'succeeded' THEN '{"done": true}'::jsonb END,
               CASE WHEN s.status <> 'succeeded' THEN '{"code": "clogged_tip", "message": "It is clogged."}'::jsonb END,
               '2025-01-01'::timestamptz + i / 3 * interval '10 seconds',
               '2025-01-01'::timestamptz + i / 3 * interval '10 seconds' + interval '5 seconds', 5000 + i % 1000
        FROM (SELECT i, i % 20 AS device FROM generate_series(1, ${count}) AS i) AS n
        CROSS JOIN LATERAL (SELECT CASE WHEN i % 300000 = 7 OR i % 50 = 0 THEN 'failed' WHEN i % 10007 = 0 THEN 'unknown'
                                   ELSE 'succeeded' END AS status) AS s`);
      for (const { indexdef } of known) await tx.raw(indexdef);
    },
    { statementTimeout: 300_000 },
  );
  await db.raw('VACUUM ANALYZE execution_logs');
}

import { usualRules } from '@labwright/audit';
import { type Booking, deviceErrors, type Execution } from '@labwright/contract-devices';
import type { Driver } from '@labwright/driver-kit';
import type { JobContext } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import type { Fault } from '@labwright/kernel/errors';
import { createHttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createMetrics, type Metrics } from '@labwright/kernel/telemetry';
import { createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { bookDevice } from '../../bookings/book-device.ts';
import { releaseDevice } from '../../bookings/release-device.ts';
import { type DevicesDeps, type DevicesSettings, defaultSettings } from '../../deps.ts';
import { devicesMigrations } from '../../index.ts';
import { createExecutions, type Executions } from '../index.ts';
import { type Instrument, type InstrumentPark, instrumentPark } from './instrument.ts';

export interface Answer {
  status: number;
  /** The members of an answer and of a problem; which there are depends on the status. */
  body: {
    message: string;
    execution: Execution;
    code: string;
    detail: string;
    faults?: Fault[];
    [member: string]: unknown;
  };
  headers: Record<string, unknown>;
}

/** One process of device-service: the executions of the tests run in several of them, on one database. */
export interface Process {
  readonly deps: DevicesDeps;
  readonly executions: Executions;
  readonly metrics: Metrics;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
}

export interface ProcessOptions {
  runner?: string;
  clock?: Clock;
  db?: Db;
  settings?: Partial<DevicesSettings>;
  /** False: it carries out nothing itself. */
  worker?: boolean;
  /** Whether its background work begins at once. Default true. */
  start?: boolean;
  /** Spoils the drivers that it opens. */
  spoil?: (driver: Driver) => Driver;
}

export interface ExecutionBench {
  readonly db: Db;
  readonly url: string;
  readonly park: InstrumentPark;
  /** A new device of its own, booked by workflow `w1` unless told otherwise. */
  device(options?: {
    book?: boolean;
  }): Promise<{ id: string; instrument: Instrument; booking: Booking | undefined }>;
  process(options?: ProcessOptions): Promise<Process>;
  book(device_id: string, workflow_id: string): Promise<Booking>;
  release(device_id: string, workflow_id: string): Promise<void>;
  /**
   * Takes an execution in hand as a process would that dies in the middle of it: its lease holds until `buryTheDead`, and what it
   * does is not heard. `ended` resolves when it has done it.
   */
  carryOutAsDead(process: Process, execution_id: string): Promise<{ ended: Promise<unknown> }>;
  /** Lets the leases of the dead run out. */
  buryTheDead(): Promise<void>;
  row(execution_id: string): Promise<FullRow>;
  events(device_id: string): Promise<{ workflow_id: string | null; data: Record<string, unknown> }[]>;
  /** Stops every process that was not left for dead, and drops the database. */
  close(): Promise<void>;
}

const FullRow = Type.Object({
  id: Type.String(),
  status: Type.String(),
  drives: Type.Integer(),
  fencing_token: Type.Union([Type.Integer(), Type.Null()]),
  parameters: Type.Record(Type.String(), Type.Unknown()),
  result: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  duration_ms: Type.Union([Type.Integer(), Type.Null()]),
});
export type FullRow = Type.Static<typeof FullRow>;

const findRow = rows(
  'test.executions.row',
  FullRow,
  `SELECT id, status, drives, fencing_token, parameters, result, error, duration_ms
   FROM execution_logs WHERE execution_id = $1`,
);

const claimAsDead = rows(
  'test.executions.claim_as_dead',
  Type.Object({ id: Type.String(), args: Type.Unknown(), attempts: Type.Integer() }),
  `WITH dead AS (
     INSERT INTO job_workers (name, queues, alive_until) VALUES ('dead', '{}', clock_timestamp() + interval '1 hour') RETURNING id
   )
   UPDATE jobs SET state = 'running', worker = dead.id, attempts = attempts + 1, started_at = clock_timestamp()
   FROM dead WHERE args->>'execution_id' = $1 AND state IN ('waiting', 'ready')
   RETURNING jobs.id, args, attempts`,
);

const findEvents = rows(
  'test.executions.events',
  Type.Object({
    workflow_id: Type.Union([Type.String(), Type.Null()]),
    data: Type.Record(Type.String(), Type.Unknown()),
  }),
  `SELECT workflow_id, data FROM events WHERE device_id = $1 AND type = 'execution.finished' ORDER BY id`,
);

export async function executionBench(): Promise<ExecutionBench> {
  const database = await createTestDatabase(devicesMigrations, { max: 20 });
  const { db, url } = database;
  const park = instrumentPark();
  const closers: (() => Promise<void>)[] = [];
  let devices = 0;

  const depsOf = ({
    runner = 'process-1',
    clock = systemClock,
    settings,
    worker = true,
    spoil,
    ...rest
  }: ProcessOptions): DevicesDeps => ({
    db: rest.db ?? db,
    log: silentLog,
    metrics: createMetrics('device-service'),
    clock,
    models: new Map([[park.model.type, park.model]]),
    openDriver: async (_model, device) => {
      const driver = await park.open(device.id, device.settings);
      return spoil ? spoil(driver) : driver;
    },
    runner,
    settings: { ...defaultSettings, drainMs: 100, repairMs: 100, ...settings },
    transport: worker ? postgresTransport : undefined,
    audit: usualRules,
    announce: () => {},
  });
  const deps = depsOf({});

  return {
    db,
    url,
    park,
    device: async ({ book = true } = {}) => {
      devices += 1;
      const id = `mixer-${devices}`;
      await db.raw(
        `INSERT INTO devices (id, name, type, capabilities) VALUES ('${id}', '${id}', 'mixer', '{mix,scan}')`,
      );
      const booking = book
        ? (await bookDevice(deps, { device_id: id, workflow_id: 'w1' })).booking
        : undefined;
      return { id, instrument: park.of(id), booking };
    },
    process: async (options = {}) => {
      const own = depsOf(options);
      const executions = createExecutions(own);
      if (options.start !== false) await executions.start();
      const server = await createHttpServer({
        name: 'test',
        version: '0.0.0',
        description: 'Test.',
        log: silentLog,
        db,
        metrics: own.metrics,
        routes: (app) => executions.routes(app),
        errors: [deviceErrors],
      });
      closers.push(async () => {
        await server.close();
        await executions.stop();
      });
      const ask = async (
        method: 'GET' | 'POST',
        path: string,
        body?: unknown,
        headers = {},
      ): Promise<Answer> => {
        const payload = body === undefined ? {} : { payload: body as object };
        const reply = await server.app.inject({ method, url: path, headers, ...payload });
        return { status: reply.statusCode, body: reply.json(), headers: reply.headers };
      };
      return {
        deps: own,
        executions,
        metrics: own.metrics,
        post: (path, body, headers) => ask('POST', path, body, headers),
        get: (path) => ask('GET', path),
      };
    },
    book: async (device_id, workflow_id) => (await bookDevice(deps, { device_id, workflow_id })).booking,
    release: async (device_id, workflow_id) => {
      await releaseDevice(deps, { device_id, workflow_id });
    },
    carryOutAsDead: async (process, execution_id) => {
      const job = await db.first(claimAsDead, [execution_id]);
      const [handler] = process.executions.jobs.handlers;
      if (!job || !handler) throw new Error(`${execution_id} has no job that waits`);
      const context: JobContext = {
        id: job.id,
        attempt: job.attempts,
        key: null,
        signal: new AbortController().signal,
        log: silentLog,
        progress: () => {},
        complete: async () => false,
      };
      return { ended: handler.run(job.args, context).catch(() => {}) };
    },
    buryTheDead: () =>
      db.raw(
        `UPDATE job_workers SET alive_until = clock_timestamp() - interval '1 second' WHERE name = 'dead'`,
      ),
    row: async (execution_id) => {
      const row = await db.first(findRow, [execution_id]);
      if (!row) throw new Error(`${execution_id} is not on record`);
      return row;
    },
    events: (device_id) => db.query(findEvents, [device_id]),
    close: async () => {
      await Promise.all(closers.map((close) => close()));
      await database.drop();
    },
  };
}

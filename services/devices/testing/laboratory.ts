import { randomUUID } from 'node:crypto';
import { usualRules } from '@labwright/audit';
import type { DevicesApi } from '@labwright/contract-devices';
import { createWorker } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import type { ProblemBody } from '@labwright/kernel/errors';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase } from '@labwright/kernel/testing';
import type { Static, TSchema } from 'typebox';
import { type DevicesDeps, type DevicesSettings, defaultSettings } from '../deps.ts';
import { createDevicesService, type DevicesService, devicesMigrations } from '../index.ts';
import { createDevice } from '../instruments/create-device.ts';
import { type BenchModel, benchModel } from './bench-model.ts';

export interface Answer<Body> {
  status: number;
  body: Body;
  headers: Record<string, unknown>;
}

/** The whole service on a database of its own, with devices of type `bench`. */
export interface Laboratory {
  readonly db: Db;
  readonly url: string;
  readonly api: DevicesApi;
  readonly service: DevicesService;
  readonly server: HttpServer;
  /** What the use cases take, for tests that call them themselves. */
  readonly deps: DevicesDeps;
  readonly bench: BenchModel;
  /** A new device with an id of its own. */
  addDevice(): Promise<string>;
  /** `S` is the schema of the answer that the test expects; a problem where it names none. Unchecked. */
  request<S extends TSchema | null = null>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Answer<S extends TSchema ? Static<S> : ProblemBody>>;
  /** Ends everything and drops the database; fails on leaked connections. */
  close(): Promise<void>;
}

export interface LaboratoryOptions {
  clock?: Clock;
  settings?: Partial<DevicesSettings>;
  /** Database connections. */
  max?: number;
}

/** Not started: a test that wants the loops calls `service.start`. */
export async function openLaboratory(options: LaboratoryOptions = {}): Promise<Laboratory> {
  const { url, db, drop } = await createTestDatabase(devicesMigrations, {
    ...(options.max ? { max: options.max } : {}),
  });
  const bench = benchModel();
  const given = {
    db,
    log: silentLog,
    metrics: createMetrics('device-service'),
    clock: options.clock ?? systemClock,
  };
  const drivers: Pick<DevicesDeps, 'models' | 'openDriver'> = {
    models: new Map([[bench.model.type, bench.model]]),
    openDriver: (model, device) => model.open({ device_id: device.id, settings: device.settings }),
  };
  const settings = { ...defaultSettings, ...options.settings };
  const service = createDevicesService(given, { ...drivers, settings });
  const server = await createHttpServer({ ...given, ...service });
  // Operations are carried out; nothing else goes by itself.
  const worker = createWorker({ ...given, ...service.jobs, transport: postgresTransport(db), drainMs: 50 });
  await worker.start();
  const deps: DevicesDeps = {
    ...given,
    ...drivers,
    settings,
    runner: 'test',
    audit: usualRules,
    announce: () => {},
  };
  let devices = 0;

  const request: Laboratory['request'] = async (method, path, body, headers = {}) => {
    const payload = body === undefined ? {} : { payload: body };
    const response = await server.app.inject({ method, url: path, headers, ...payload });
    return { status: response.statusCode, body: response.json(), headers: response.headers };
  };

  return {
    db,
    url,
    api: service.api,
    service,
    server,
    deps,
    bench,
    request,
    addDevice: async () => {
      devices += 1;
      const id = `bench-${devices}`;
      await createDevice(deps, { id, name: `Bench ${devices}`, type: 'bench' }, randomUUID());
      return id;
    },
    close: async () => {
      bench.finish();
      await server.close();
      await worker.stop();
      await service.stop();
      await drop();
    },
  };
}

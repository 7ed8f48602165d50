import type { Step, Workflow } from '@labwright/contract-workflows';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { type CoreDeps, defaultSettings, type WorkflowsSettings } from '../deps.ts';
import { takeInPage } from '../feed/follow.ts';
import { createFigures } from '../figures.ts';
import { createWorkflowsService, type WorkflowsService, workflowsMigrations } from '../index.ts';
import { repair } from '../repair/repair.ts';
import { checkingDevices } from './checking-devices.ts';
import { createFakeDevices, type FakeDevices } from './fake-devices.ts';
import { type FaultyDevices, faultyDevices } from './faulty-devices.ts';

/** What an answer holds, as far as tests look. */
export interface Body extends Workflow {
  message: string;
  workflow: Workflow;
  step: Step;
  workflows: Workflow[];
  next_cursor: string | null;
  code: string;
  detail: string;
  faults: { path: string; message: string }[];
  workflow_status: string;
  allowed: string[];
}

export interface Answer {
  status: number;
  body: Body;
  headers: Record<string, unknown>;
}

/**
 * The service on a database of its own, with instruments in memory behind a network that can fail. Nothing goes on by
 * itself: a test calls `settle` (or the loops' work) when it wants things to move.
 */
export interface Laboratory {
  readonly database: TestDatabase;
  readonly server: HttpServer;
  /** Not started: a test that wants the loops starts it. */
  readonly service: WorkflowsService;
  readonly devices: FakeDevices;
  readonly network: FaultyDevices;
  readonly deps: CoreDeps;
  post(url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(url: string): Promise<Answer>;
  delete(url: string): Promise<Answer>;
  /** A workflow with these steps on a device of its own, unless one is named. */
  workflow(given?: { steps?: unknown[]; device_id?: string; auto?: boolean }): Promise<Workflow>;
  /** A workflow that was brought into this state; a queued one waits for another that runs. */
  workflowIn(status: 'created' | 'running' | 'paused' | 'queued'): Promise<Workflow>;
  /** Takes in the feed until nothing is new, and repairs what that brings up. */
  follow(): Promise<void>;
  /** Makes everything due and repairs it. */
  repairAll(): Promise<void>;
  stop(): Promise<void>;
}

const makeDue = [
  command('test.strays_due', 'UPDATE strays SET due_at = clock_timestamp()'),
  command(
    'test.bookings_due',
    `UPDATE workflows SET booking_checked_at = clock_timestamp() - interval '1 day' WHERE booking_id IS NOT NULL`,
  ),
  command(
    'test.actions_due',
    'UPDATE workflows SET action_until = clock_timestamp() WHERE action IS NOT NULL',
  ),
  command(
    'test.steps_due',
    `UPDATE workflow_steps SET ask_again_at = clock_timestamp() WHERE status = 'running'`,
  ),
  command(
    'test.queued_due',
    `UPDATE workflows SET updated_at = updated_at - interval '1 day' WHERE status = 'queued' AND action IS NULL`,
  ),
];

export async function openLaboratory(
  options: { settings?: Partial<WorkflowsSettings>; clock?: Clock; db?: (db: Db) => Db } = {},
): Promise<Laboratory> {
  const database = await createTestDatabase([workflowsMigrations]);
  const db = options.db?.(database.db) ?? database.db;
  const devices = createFakeDevices();
  const network = faultyDevices(checkingDevices(devices.api));
  const clock = options.clock ?? systemClock;
  const given = { db, log: silentLog, metrics: createMetrics('workflow-service'), clock };
  const settings = { ...defaultSettings, ...options.settings };
  const service = createWorkflowsService(given, { devices: network.api, settings });
  // A machine full of tests lags; back pressure is not what is tested here.
  const server = await createHttpServer({ ...given, ...service, maxEventLoopDelay: 60_000 });
  // What the follower leaves to the repair loop is done at once, as it would be by the loop.
  let repairs: Promise<unknown> = Promise.resolve();
  const deps: CoreDeps = {
    ...given,
    devices: network.api,
    settings,
    figures: createFigures(createMetrics('workflow-service'), clock),
    wake: {
      repair: () => {
        repairs = repairs.then(() => repair(deps)).catch(() => {});
      },
      conductor: () => {},
    },
  };

  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const payload = body === undefined ? {} : { payload: body as object };
    const response = await server.app.inject({ method, url, headers, ...payload });
    return { status: response.statusCode, body: response.json(), headers: response.headers };
  };

  let count = 0;
  const lab: Laboratory = {
    database,
    server,
    service,
    devices,
    network,
    deps,
    post: (url, body, headers) => ask('POST', url, body, headers),
    get: (url) => ask('GET', url),
    delete: (url) => ask('DELETE', url),
    workflow: async ({ steps = ['aspirate', 'dispense'], device_id, auto = false } = {}) => {
      count += 1;
      const device = device_id ?? `device-${count}`;
      if (!device_id) devices.addDevice(device);
      const made = await ask('POST', '/workflows', {
        name: `workflow ${count}`,
        device_id: device,
        steps,
        auto,
      });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return made.body;
    },
    workflowIn: async (status) => {
      const workflow = await lab.workflow();
      const url = `/workflows/${workflow.id}`;
      if (status === 'queued') {
        const other = await lab.workflow({ device_id: workflow.device_id });
        await lab.post(`/workflows/${other.id}/start`);
        await lab.post(`${url}/start`, { queue: true });
      } else if (status !== 'created') await lab.post(`${url}/start`);
      if (status === 'paused') await lab.post(`${url}/pause`);
      return workflow;
    },
    follow: async () => {
      while ((await takeInPage(deps, 0)) > 0);
      await repairs;
    },
    repairAll: async () => {
      for (const statement of makeDue) await database.db.execute(statement);
      await repair(deps);
    },
    stop: async () => {
      await server.close();
      await service.stop();
      await database.drop();
    },
  };
  return lab;
}

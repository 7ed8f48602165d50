import { usualRules } from '@labwright/audit';
import type { Step, Workflow } from '@labwright/contract-workflows';
import { createWorker, queueDepth } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import { type CoreDeps, defaultSettings, type WorkflowsSettings } from '../deps.ts';
import { storePage } from '../feed/follow.ts';
import { eventHandler, eventTask } from '../feed/take-in-event.ts';
import { createFigures } from '../figures.ts';
import { createWorkflowsService, type WorkflowsService, workflowsMigrations } from '../index.ts';
import { repair } from '../repair/repair.ts';
import { storeTaskPage } from '../tasks/follow-tasks.ts';
import { repairTasks } from '../tasks/repair-tasks.ts';
import { taskEndedHandler } from '../tasks/task-ended.ts';
import { checkingDevices } from './checking-devices.ts';
import { createFakeDevices, type FakeDevices } from './fake-devices.ts';
import { createFakeHub, type FakeHub } from './fake-hub.ts';
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
  /** The people. */
  readonly hub: FakeHub;
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
  /** Waits until the events that are stored were taken in. */
  takeIn(): Promise<void>;
  /** Makes everything due and repairs it. */
  repairAll(): Promise<void>;
  stop(): Promise<void>;
}

const makeDue = [
  command('test.strays_due', 'UPDATE strays SET due_at = clock_timestamp()'),
  command('test.recalls_due', 'UPDATE task_recalls SET due_at = clock_timestamp()'),
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
  options: {
    settings?: Partial<WorkflowsSettings>;
    clock?: Clock;
    db?: (db: Db) => Db;
    /** The test starts the service, which takes the events in itself. */
    loops?: boolean;
    /** False: workflow-service was not told where hub-service is. */
    hub?: boolean;
  } = {},
): Promise<Laboratory> {
  const database = await createTestDatabase(workflowsMigrations);
  const db = options.db?.(database.db) ?? database.db;
  const devices = createFakeDevices();
  const network = faultyDevices(checkingDevices(devices.api));
  const hub = createFakeHub();
  const clock = options.clock ?? systemClock;
  const given = { db, log: silentLog, metrics: createMetrics('workflow-service'), clock };
  const settings = { ...defaultSettings, ...options.settings };
  const service = createWorkflowsService(given, {
    devices: network.api,
    tasks: options.hub === false ? undefined : hub.api,
    settings,
    ...(options.loops ? { transport: postgresTransport } : {}),
  });
  // A machine full of tests lags; back pressure is not what is tested here.
  const server = await createHttpServer({ ...given, ...service, maxEventLoopDelay: 60_000 });
  // What the follower leaves to the repair loop is done at once, as it would be by the loop.
  let repairs: Promise<unknown> = Promise.resolve();
  const deps: CoreDeps = {
    ...given,
    devices: network.api,
    audit: usualRules,
    tasks: options.hub === false ? undefined : hub.api,
    settings,
    figures: createFigures(createMetrics('workflow-service'), clock),
    wake: {
      repair: () => {
        repairs = repairs.then(() => repair(deps)).catch(() => {});
      },
      conductor: () => {},
      tasks: () => {
        repairs = repairs.then(() => repairTasks(deps)).catch(() => {});
      },
    },
  };

  const worker = createWorker({
    db: database.db,
    transport: postgresTransport(database.db),
    log: silentLog,
    queues: [eventTask.settings.queue],
    handlers: [eventHandler(deps), taskEndedHandler(deps)],
    drainMs: 50,
  });
  if (!options.loops) await worker.start();

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
    hub,
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
      while ((await storePage(deps, 0)) > 0);
      while ((await storeTaskPage(deps, hub.api, 0)) > 0);
      await lab.takeIn();
      await repairs;
    },
    takeIn: async () => {
      await eventually('the events are taken in', async () =>
        (await queueDepth(database.db, eventTask.settings.queue)).length === 0 ? true : undefined,
      );
    },
    repairAll: async () => {
      for (const statement of makeDue) await database.db.execute(statement);
      await repair(deps);
      await repairTasks(deps);
    },
    stop: async () => {
      await server.close();
      await worker.stop();
      await service.stop();
      await database.drop();
    },
  };
  return lab;
}

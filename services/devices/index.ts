import { randomUUID } from 'node:crypto';
import { type AuditRules, auditErrors, auditMigrations, createAudit, usualRules } from '@labwright/audit';
import { type DevicesApi, deviceErrors } from '@labwright/contract-devices';
import { createFeed, feedMigrations } from '@labwright/feed';
import { createJobs, engineMigrations, jobErrors } from '@labwright/jobs/http';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Service, ServiceDeps } from '@labwright/kernel/service';
import { createDevicesApi } from './api.ts';
import { bookingRoutes } from './bookings/routes.ts';
import { type DevicesDeps, type DevicesSettings, defaultSettings } from './deps.ts';
import { createExecutions, type Executions } from './executions/index.ts';
import { deviceEvents } from './feed/events.ts';
import { feedRoutes } from './feed/routes.ts';
import { checkRoute } from './instruments/check-route.ts';
import { instrumentRoutes } from './instruments/routes.ts';
import { logRoutes } from './logs/index.ts';
import { overviewRoutes } from './overview/routes.ts';
import { queueRoutes } from './queue/routes.ts';
import { createRepairLoop } from './repair.ts';

export type { DevicesDeps, DevicesSettings } from './deps.ts';

/** The tables of this service and of the engine that it needs. */
export const devicesMigrations: readonly MigrationSet[] = [
  auditMigrations,
  ...engineMigrations,
  feedMigrations,
  { name: 'devices', folder: new URL('./migrations', import.meta.url).pathname },
];

export interface DevicesOptions extends Pick<DevicesDeps, 'models' | 'openDriver' | 'transport'> {
  settings?: Partial<DevicesSettings>;
  /** Who gives reasons and signs. Default: reasons of those who have an account. */
  audit?: AuditRules;
  /** Names this process among others on the same database. Default: a new random name. */
  runner?: string;
}

export interface DevicesService extends Service {
  /** For services in the same process; answers as the routes do. */
  readonly api: DevicesApi;
  /** For a worker in a process of its own; `start` and `stop` of the service go around that of the worker. */
  readonly jobs: Executions['jobs'];
}

/** The instruments: bookings, queues, operations and their logs. Serves before `start`; that begins what runs by itself. */
export function createDevicesService(given: ServiceDeps, options: DevicesOptions): DevicesService {
  const settings = { ...defaultSettings, ...options.settings };
  const feed = createFeed(deviceEvents, given.db, given.clock, settings.feedPollMs);
  const deps: DevicesDeps = {
    ...given,
    models: options.models,
    openDriver: options.openDriver,
    runner: options.runner ?? randomUUID(),
    settings,
    transport: options.transport,
    audit: options.audit ?? usualRules,
    announce: feed.announce,
  };
  const executions = createExecutions(deps);
  const repair = createRepairLoop(deps);
  const audit = createAudit(deps);
  const jobs = createJobs(deps, { audit: deps.audit });

  return {
    name: 'device-service',
    domain: 'devices',
    version: '0.1.0',
    description:
      'The instruments: who holds each one, who waits for it and how long, what it did. Base of every wait: one device, one workflow.',
    errors: [deviceErrors, auditErrors, jobErrors],
    api: createDevicesApi(deps, executions, feed),
    jobs: executions.jobs,
    routes: (app) => {
      // A server that closes waits for the requests in hand: those that only wait for an outcome must not keep it.
      app.addHook('preClose', () => executions.stop());
      instrumentRoutes(deps)(app);
      overviewRoutes(deps)(app);
      bookingRoutes(deps)(app);
      queueRoutes(deps)(app);
      executions.routes(app);
      logRoutes(deps)(app);
      checkRoute(executions.checkOperation)(app);
      feedRoutes(feed)(app);
      audit.routes(app);
      jobs.routes(app);
    },
    start: async () => {
      await deviceEvents.adoptRestored(given.db);
      await audit.start();
      await executions.start();
      await repair.start();
    },
    stop: async () => {
      feed.stop();
      await repair.stop();
      await executions.stop();
      // Last: it seals what was done until now.
      await audit.stop();
    },
  };
}

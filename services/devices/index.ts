import { randomUUID } from 'node:crypto';
import { type DevicesApi, deviceErrors } from '@labwright/contract-devices';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Service, ServiceDeps } from '@labwright/kernel/service';
import { createDevicesApi } from './api.ts';
import { bookingRoutes } from './bookings/routes.ts';
import { type DevicesDeps, type DevicesSettings, defaultSettings } from './deps.ts';
import { createExecutions } from './executions/index.ts';
import { createFeed } from './feed/feed.ts';
import { feedRoutes } from './feed/routes.ts';
import { checkRoute } from './instruments/check-route.ts';
import { instrumentRoutes } from './instruments/routes.ts';
import { logRoutes } from './logs/index.ts';
import { queueRoutes } from './queue/routes.ts';
import { createRepairLoop } from './repair.ts';

export type { DevicesDeps, DevicesSettings } from './deps.ts';

export const devicesMigrations: MigrationSet = {
  name: 'devices',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface DevicesOptions extends Pick<DevicesDeps, 'models' | 'openDriver'> {
  settings?: Partial<DevicesSettings>;
  /** Names this process among others on the same database. Default: a new random name. */
  runner?: string;
}

export interface DevicesService extends Service {
  /** For services in the same process; answers as the routes do. */
  readonly api: DevicesApi;
}

/** The instruments: bookings, queues, operations and their logs. Serves before `start`; that begins what runs by itself. */
export function createDevicesService(given: ServiceDeps, options: DevicesOptions): DevicesService {
  const wanted = { ...defaultSettings, ...options.settings };
  // A short lease is only worth something where somebody looks as often.
  const settings = { ...wanted, repairMs: Math.min(wanted.repairMs, wanted.leaseMs / 4) };
  const feed = createFeed(given.db, given.clock, settings.feedPollMs);
  const deps: DevicesDeps = {
    ...given,
    models: options.models,
    openDriver: options.openDriver,
    runner: options.runner ?? randomUUID(),
    settings,
    announce: feed.announce,
  };
  const executions = createExecutions(deps);
  const repair = createRepairLoop(deps);

  return {
    name: 'device-service',
    version: '0.1.0',
    description:
      'The instruments: who holds each one, who waits for it and how long, what it did. Base of every wait: one device, one workflow.',
    errors: [deviceErrors],
    api: createDevicesApi(deps, executions, feed),
    routes: (app) => {
      // A server that closes waits for the requests in hand: those that only wait for an outcome must not keep it.
      app.addHook('preClose', () => executions.stop());
      instrumentRoutes(deps)(app);
      bookingRoutes(deps)(app);
      queueRoutes(deps)(app);
      executions.routes(app);
      logRoutes(deps)(app);
      checkRoute(executions.checkOperation)(app);
      feedRoutes(feed)(app);
    },
    start: async () => {
      await executions.start();
      await repair.start();
    },
    stop: async () => {
      feed.stop();
      await repair.stop();
      await executions.stop();
    },
  };
}

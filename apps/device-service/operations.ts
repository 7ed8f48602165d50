import { resolve } from 'node:path';
import { createDevicesService } from '@labwright/devices';
import { systemClock } from '@labwright/kernel/clock';
import { postgresUrl, readConfig, text } from '@labwright/kernel/config';
import { openDb } from '@labwright/kernel/db';
import { createLog } from '@labwright/kernel/log';
import { commonSettings } from '@labwright/kernel/process';
import { createMetrics } from '@labwright/kernel/telemetry';
import { driversOf } from './drivers.ts';

/**
 * Operations of devices for a worker in a process of its own:
 *
 *     labwright worker --handlers apps/device-service/operations.ts --queues device.liquid_handler --concurrency 1000 --lease 15s
 *
 * Its jobs lie in the database of device-service, which has made the tables: --database and DEVICE_DATABASE_URL name the same.
 */
const config = readConfig({
  LOG_LEVEL: commonSettings.LOG_LEVEL,
  DEVICE_DATABASE_URL: postgresUrl({ doc: 'the database of device-service' }),
  LABWRIGHT_HOME: text({ doc: 'the folder of what is kept on disk', fallback: '.labwright' }),
});
const log = createLog({ service: 'device-worker', level: config.LOG_LEVEL });
const service = createDevicesService(
  {
    db: openDb({ url: config.DEVICE_DATABASE_URL, applicationName: 'device worker', log }),
    log,
    metrics: createMetrics('device-worker'),
    clock: systemClock,
  },
  driversOf(resolve(config.LABWRIGHT_HOME, 'instruments')),
);
// It listens for what is to be stopped. What is open when the process ends is closed by that; instruments go on.
await service.start();

export const handlers = service.jobs.handlers;

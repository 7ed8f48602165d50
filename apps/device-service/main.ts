import { join } from 'node:path';
import { demoPlan } from '@labwright/demo';
import { seedDevices } from '@labwright/devices/demo';
import { number, port, postgresUrl, readConfig, text } from '@labwright/kernel/config';
import { makeHome } from '@labwright/kernel/folder';
import { createLog } from '@labwright/kernel/log';
import { commonSettings, runProcess } from '@labwright/kernel/process';
import { hostDeviceService } from './service.ts';

await runProcess('device-service', async () => {
  const config = readConfig({
    ...commonSettings,
    DEVICE_SERVICE_PORT: port({ doc: 'the port of device-service', fallback: '5001' }),
    DEVICE_DATABASE_URL: postgresUrl({ doc: 'the database, postgres://user:password@host:5432/device_db' }),
    EXECUTION_LEASE_SECONDS: number({
      doc: 'after how long a process that drove an operation is taken for dead',
      fallback: '15',
      minimum: 0.1,
      maximum: 3_600,
    }),
    LABWRIGHT_HOME: text({ doc: 'the folder of what is kept on disk', fallback: '.labwright' }),
  });
  const log = createLog({ service: 'device-service', level: config.LOG_LEVEL });
  const instrumentsFolder = join(config.LABWRIGHT_HOME, 'instruments');
  await makeHome('LABWRIGHT_HOME', config.LABWRIGHT_HOME, ['instruments']);
  const host = await hostDeviceService({
    databaseUrl: config.DEVICE_DATABASE_URL,
    host: config.HOST,
    port: config.DEVICE_SERVICE_PORT,
    log,
    instrumentsFolder,
    leaseSeconds: config.EXECUTION_LEASE_SECONDS,
  });
  if (config.LABWRIGHT_DEMO) await seedDevices(host.db, demoPlan());
  return host;
});

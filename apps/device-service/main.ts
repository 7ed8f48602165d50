import { join } from 'node:path';
import { auditRules, auditSettings } from '@labwright/audit/settings';
import { identityClient } from '@labwright/contract-hub/identity/client';
import { identityFrom, identitySettings } from '@labwright/contract-hub/identity/settings';
import { vouchedBy } from '@labwright/contract-hub/identity/vouching';
import { signatureVerifier } from '@labwright/contract-hub/signatures';
import { demoPlan } from '@labwright/demo';
import { seedDevices } from '@labwright/devices/demo';
import { systemClock } from '@labwright/kernel/clock';
import { number, port, postgresUrl, readConfig, text } from '@labwright/kernel/config';
import { makeHome } from '@labwright/kernel/folder';
import { createLog } from '@labwright/kernel/log';
import { commonSettings, runProcess } from '@labwright/kernel/process';
import { limitSettings } from '@labwright/limits/http';
import { hostDeviceService } from './service.ts';

await runProcess('device-service', async () => {
  const config = readConfig({
    ...commonSettings,
    ...limitSettings,
    ...identitySettings,
    ...auditSettings,
    DEVICE_SERVICE_PORT: port({ doc: 'the port of device-service', fallback: '5001' }),
    DEVICE_DATABASE_URL: postgresUrl({ doc: 'the database, postgres://user:password@host:5432/device_db' }),
    EXECUTION_LEASE_SECONDS: number({
      doc: 'after how long a process that carries out operations and fell silent is taken for dead',
      fallback: '15',
      minimum: 0.1,
      maximum: 3_600,
    }),
    DEVICE_WORKERS: number({
      doc: 'operations that this process carries out at once; 0: none, other processes do (labwright worker)',
      fallback: '1000',
      minimum: 0,
      maximum: 100_000,
    }),
    LABWRIGHT_HOME: text({ doc: 'the folder of what is kept on disk', fallback: '.labwright' }),
  });
  const log = createLog({ service: 'device-service', level: config.LOG_LEVEL });
  const identity = identityFrom(config, { clock: systemClock, log });
  const instrumentsFolder = join(config.LABWRIGHT_HOME, 'instruments');
  await makeHome('LABWRIGHT_HOME', config.LABWRIGHT_HOME, ['instruments']);
  const host = await hostDeviceService({
    databaseUrl: config.DEVICE_DATABASE_URL,
    host: config.HOST,
    trustedProxies: config.TRUSTED_PROXIES,
    vouched: vouchedBy(config.SERVICE_TOKEN ?? []),
    port: config.DEVICE_SERVICE_PORT,
    log,
    limits: config,
    ...(identity ? { identity } : {}),
    audit: auditRules(
      config,
      config.HUB_URL ? signatureVerifier(identityClient({ url: config.HUB_URL, token: null })) : undefined,
    ),
    instrumentsFolder,
    leaseSeconds: config.EXECUTION_LEASE_SECONDS,
    operationsAtOnce: Math.trunc(config.DEVICE_WORKERS),
  });
  if (config.LABWRIGHT_DEMO) await seedDevices(host.db, demoPlan());
  return host;
});

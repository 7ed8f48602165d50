import { devicesClient } from '@labwright/contract-devices';
import { serviceHeaders } from '@labwright/contract-hub/identity/service-token';
import { vouchFor } from '@labwright/contract-hub/identity/vouching';
import { workflowsClient } from '@labwright/contract-workflows';
import { fileSettings } from '@labwright/files/settings';
import { httpUrl, optional, port, postgresUrl, readConfig, redisUrl, text } from '@labwright/kernel/config';
import { makeHome } from '@labwright/kernel/folder';
import { createLog } from '@labwright/kernel/log';
import { commonSettings, runProcess } from '@labwright/kernel/process';
import { limitSettings } from '@labwright/limits/http';
import { notifySettings } from '@labwright/notifications/settings';
import { accountSettings, accountsFrom } from './accounts.ts';
import { hostHubService } from './service.ts';

await runProcess('hub-service', async () => {
  const config = readConfig({
    ...commonSettings,
    ...fileSettings,
    ...limitSettings,
    ...notifySettings,
    ...accountSettings,
    LABWRIGHT_HOME: text({ doc: 'the folder of what is kept on disk', fallback: '.labwright' }),
    HUB_SERVICE_PORT: port({ doc: 'the port of hub-service', fallback: '5000' }),
    LIVE_REDIS_URL: optional(
      redisUrl({
        doc: 'the Redis by which several processes of the hub tell one another what happens, instead of the database',
      }),
    ),
    HUB_PUBLIC_URL: optional(
      httpUrl({
        doc: 'where people reach the hub, https://lab.example.org: what the QR codes of labels hold',
      }),
    ),
    HUB_DATABASE_URL: postgresUrl({ doc: 'the database, postgres://user:password@host:5432/hub_db' }),
    DEVICE_SERVICE_URL: optional(
      httpUrl({
        doc: 'where device-service answers, http://host:5001: people are told what happens there, and labels open pages about it',
      }),
    ),
    WORKFLOW_SERVICE_URL: optional(
      httpUrl({
        doc: 'where workflow-service answers, http://host:5002: people are told what happens there, and labels open pages about it',
      }),
    ),
  });
  const { DEVICE_SERVICE_URL: devices, WORKFLOW_SERVICE_URL: workflows } = config;
  const token = config.SERVICE_TOKEN?.[0];
  const caller = token ? { headers: serviceHeaders(token) } : {};
  await makeHome('LABWRIGHT_HOME', config.LABWRIGHT_HOME, ['.']);
  return hostHubService({
    ...(await accountsFrom(config, config.LABWRIGHT_HOME)),
    databaseUrl: config.HUB_DATABASE_URL,
    host: config.HOST,
    trustedProxies: config.TRUSTED_PROXIES,
    port: config.HUB_SERVICE_PORT,
    files: config,
    limits: config,
    publicUrl: config.HUB_PUBLIC_URL,
    subjects: { devices: () => devices, workflows: () => workflows },
    vouch: token ? vouchFor(token) : undefined,
    ...(config.LIVE_REDIS_URL ? { redisUrl: config.LIVE_REDIS_URL } : {}),
    notify: config,
    ...(devices ? { devices: devicesClient({ url: devices, ...caller }) } : {}),
    ...(workflows ? { workflows: workflowsClient({ url: workflows, ...caller }) } : {}),
    log: createLog({ service: 'hub-service', level: config.LOG_LEVEL }),
  });
});

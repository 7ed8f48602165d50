import { auditRules, auditSettings } from '@labwright/audit/settings';
import { devicesClient } from '@labwright/contract-devices';
import { identityClient } from '@labwright/contract-hub/identity/client';
import { serviceHeaders } from '@labwright/contract-hub/identity/service-token';
import { identityFrom, identitySettings } from '@labwright/contract-hub/identity/settings';
import { vouchedBy } from '@labwright/contract-hub/identity/vouching';
import { signatureVerifier } from '@labwright/contract-hub/signatures';
import { tasksClient } from '@labwright/contract-hub/tasks';
import { demoPlan } from '@labwright/demo';
import { systemClock } from '@labwright/kernel/clock';
import { httpUrl, number, optional, port, postgresUrl, readConfig } from '@labwright/kernel/config';
import { createLog } from '@labwright/kernel/log';
import { commonSettings, runProcess } from '@labwright/kernel/process';
import { limitSettings } from '@labwright/limits/http';
import { seedWorkflows } from '@labwright/workflows/demo';
import { hostWorkflowService } from './service.ts';

await runProcess('workflow-service', async () => {
  const config = readConfig({
    ...commonSettings,
    ...limitSettings,
    ...identitySettings,
    ...auditSettings,
    WORKFLOW_SERVICE_PORT: port({ doc: 'the port of workflow-service', fallback: '5002' }),
    WORKFLOW_DATABASE_URL: postgresUrl({
      doc: 'the database, postgres://user:password@host:5432/workflow_db',
    }),
    ACTION_LEASE_SECONDS: number({
      doc: 'after how long an action whose process died is settled by another',
      fallback: '20',
      minimum: 0.1,
      maximum: 3_600,
    }),
    DEVICE_SERVICE_URL: httpUrl({ doc: 'where device-service answers, http://host:5001' }),
    HUB_SERVICE_URL: optional(
      httpUrl({
        doc: 'where hub-service has the tasks of people, http://host:5000; HUB_URL where that is given. Without either no step waits for a person',
      }),
    ),
  });
  const log = createLog({ service: 'workflow-service', level: config.LOG_LEVEL });
  const identity = identityFrom(config, { clock: systemClock, log });
  const token = config.SERVICE_TOKEN?.[0];
  const shown = token ? { headers: serviceHeaders(token) } : {};
  const hubUrl = config.HUB_SERVICE_URL ?? config.HUB_URL;
  const host = await hostWorkflowService({
    databaseUrl: config.WORKFLOW_DATABASE_URL,
    host: config.HOST,
    trustedProxies: config.TRUSTED_PROXIES,
    vouched: vouchedBy(config.SERVICE_TOKEN ?? []),
    port: config.WORKFLOW_SERVICE_PORT,
    log,
    limits: config,
    ...(identity ? { identity } : {}),
    audit: auditRules(
      config,
      config.HUB_URL ? signatureVerifier(identityClient({ url: config.HUB_URL, token: null })) : undefined,
    ),
    actionLeaseSeconds: config.ACTION_LEASE_SECONDS,
    devices: devicesClient({ url: config.DEVICE_SERVICE_URL, ...shown }),
    ...(hubUrl ? { tasks: tasksClient({ url: hubUrl, ...shown }) } : {}),
  });
  if (config.LABWRIGHT_DEMO) await seedWorkflows(host.db, demoPlan());
  return host;
});

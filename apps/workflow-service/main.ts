import { devicesClient } from '@labwright/contract-devices';
import { demoPlan } from '@labwright/demo';
import { httpUrl, number, port, postgresUrl, readConfig } from '@labwright/kernel/config';
import { createLog } from '@labwright/kernel/log';
import { commonSettings, runProcess } from '@labwright/kernel/process';
import { seedWorkflows } from '@labwright/workflows/demo';
import { hostWorkflowService } from './service.ts';

await runProcess('workflow-service', async () => {
  const config = readConfig({
    ...commonSettings,
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
  });
  const log = createLog({ service: 'workflow-service', level: config.LOG_LEVEL });
  const host = await hostWorkflowService({
    databaseUrl: config.WORKFLOW_DATABASE_URL,
    host: config.HOST,
    port: config.WORKFLOW_SERVICE_PORT,
    log,
    actionLeaseSeconds: config.ACTION_LEASE_SECONDS,
    devices: devicesClient({ url: config.DEVICE_SERVICE_URL }),
  });
  if (config.LABWRIGHT_DEMO) await seedWorkflows(host.db, demoPlan());
  return host;
});

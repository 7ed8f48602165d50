import type { DevicesApi } from '@labwright/contract-devices';
import { systemClock } from '@labwright/kernel/clock';
import type { Log } from '@labwright/kernel/log';
import { type HostedService, hostService } from '@labwright/kernel/service';
import { createWorkflowsService, type WorkflowsService, workflowsMigrations } from '@labwright/workflows';

export interface WorkflowServiceOptions {
  databaseUrl: string;
  host: string;
  port: number;
  log: Log;
  /** The instruments: the object in the same process, or the HTTP client. */
  devices: DevicesApi;
  /** Seconds an action may be in hand before another process takes it over. Default 20. */
  actionLeaseSeconds?: number;
}

/** workflow-service, migrated and ready to start. */
export function hostWorkflowService(
  options: WorkflowServiceOptions,
): Promise<HostedService<WorkflowsService>> {
  return hostService({
    name: 'workflow-service',
    databaseUrl: options.databaseUrl,
    host: options.host,
    port: options.port,
    log: options.log,
    clock: systemClock,
    migrations: [workflowsMigrations],
    build: (deps) =>
      createWorkflowsService(deps, {
        devices: options.devices,
        ...(options.actionLeaseSeconds === undefined
          ? {}
          : { settings: { actionLeaseMs: options.actionLeaseSeconds * 1000 } }),
      }),
  });
}

import type { AuditRules } from '@labwright/audit';
import type { DevicesApi } from '@labwright/contract-devices';
import { remedyAlone } from '@labwright/contract-hub/identity/settings';
import type { TasksApi } from '@labwright/contract-hub/tasks';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import type { VouchedAddress } from '@labwright/kernel/http';
import type { Identity } from '@labwright/kernel/identity';
import type { Log } from '@labwright/kernel/log';
import type { InNetworks } from '@labwright/kernel/networks';
import { type HostedService, hostService } from '@labwright/kernel/service';
import { type LimitSettings, loadLimits } from '@labwright/limits/http';
import { limitsMigrations } from '@labwright/limits/postgres';
import { createWorkflowsService, type WorkflowsService, workflowsMigrations } from '@labwright/workflows';

export interface WorkflowServiceOptions {
  databaseUrl: string;
  host: string;
  /** Proxies that are believed when they say for whom they ask. Default: none. */
  trustedProxies?: InNetworks | undefined;
  /** The address of a client for whom the hub passes a request on. Default: the hub's word is not taken. */
  vouched?: VouchedAddress | undefined;
  port: number;
  log: Log;
  /** How requests are counted and limited. Default: in memory, as the settings have it where nobody set them. */
  limits?: LimitSettings;
  /** Who asks. Without it whoever sits at this machine, which is then the only one that can. */
  identity?: Identity;
  /** Who gives reasons and signs. Default: reasons of those who have an account. */
  audit?: AuditRules;
  /** How accounts are given to it; for the sentence that refuses another `host` without them. */
  accountsRemedy?: string;
  /** The instruments: the object in the same process, or the HTTP client. */
  devices: DevicesApi;
  /** The people, likewise; without them no step waits for one. */
  tasks?: TasksApi;
  /** Seconds an action may be in hand before another process takes it over. Default 20. */
  actionLeaseSeconds?: number;
}

/** workflow-service, migrated and ready to start. */
export async function hostWorkflowService(
  options: WorkflowServiceOptions,
): Promise<HostedService<WorkflowsService>> {
  const { identity } = options;
  const limits = await loadLimits(options.limits);
  return hostService({
    name: 'workflow-service',
    databaseUrl: options.databaseUrl,
    host: options.host,
    trustedProxies: options.trustedProxies,
    vouched: options.vouched,
    port: options.port,
    log: options.log,
    clock: systemClock,
    migrations: [...workflowsMigrations, limitsMigrations],
    guard: limits.guard('workflow-service'),
    ...(identity ? { identity: () => identity } : {}),
    accountsRemedy: options.accountsRemedy ?? remedyAlone,
    build: (deps) =>
      createWorkflowsService(deps, {
        devices: options.devices,
        tasks: options.tasks,
        transport: postgresTransport,
        ...(options.audit ? { audit: options.audit } : {}),
        ...(options.actionLeaseSeconds === undefined
          ? {}
          : { settings: { actionLeaseMs: options.actionLeaseSeconds * 1000 } }),
      }),
  });
}

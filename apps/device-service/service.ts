import { resolve } from 'node:path';
import type { AuditRules } from '@labwright/audit';
import { remedyAlone } from '@labwright/contract-hub/identity/settings';
import { createDevicesService, type DevicesService, devicesMigrations } from '@labwright/devices';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import type { VouchedAddress } from '@labwright/kernel/http';
import type { Identity } from '@labwright/kernel/identity';
import type { Log } from '@labwright/kernel/log';
import type { InNetworks } from '@labwright/kernel/networks';
import { type HostedService, hostService } from '@labwright/kernel/service';
import { type LimitSettings, loadLimits } from '@labwright/limits/http';
import { limitsMigrations } from '@labwright/limits/postgres';
import { driversOf } from './drivers.ts';

export interface DeviceServiceOptions {
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
  /** Where simulated instruments keep what they are doing, as real ones would while our process is away. */
  instrumentsFolder: string;
  /** Seconds after which a process that fell silent is taken for dead: its operations go to another one. Default 15. */
  leaseSeconds?: number;
  /** Operations that this process carries out at once, default 1000; 0: none, workers of their own do. */
  operationsAtOnce?: number;
}

/** device-service with every driver that ships with Labwright, migrated and ready to start. */
export async function hostDeviceService(
  options: DeviceServiceOptions,
): Promise<HostedService<DevicesService>> {
  const { identity, leaseSeconds, operationsAtOnce = 1_000 } = options;
  const journalFolder = resolve(options.instrumentsFolder);
  const limits = await loadLimits(options.limits);
  return hostService({
    name: 'device-service',
    databaseUrl: options.databaseUrl,
    host: options.host,
    trustedProxies: options.trustedProxies,
    vouched: options.vouched,
    port: options.port,
    log: options.log,
    clock: systemClock,
    migrations: [...devicesMigrations, limitsMigrations],
    guard: limits.guard('device-service'),
    ...(identity ? { identity: () => identity } : {}),
    accountsRemedy: options.accountsRemedy ?? remedyAlone,
    build: (deps) =>
      createDevicesService(deps, {
        settings: {
          operationsAtOnce,
          ...(leaseSeconds === undefined ? {} : { leaseMs: leaseSeconds * 1000 }),
        },
        ...(operationsAtOnce > 0 ? { transport: postgresTransport } : {}),
        ...(options.audit ? { audit: options.audit } : {}),
        ...driversOf(journalFolder),
      }),
  });
}

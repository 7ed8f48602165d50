import { resolve } from 'node:path';
import { createDevicesService, type DevicesService, devicesMigrations } from '@labwright/devices';
import { simulators } from '@labwright/driver-sim';
import { systemClock } from '@labwright/kernel/clock';
import type { Log } from '@labwright/kernel/log';
import { type HostedService, hostService } from '@labwright/kernel/service';

export interface DeviceServiceOptions {
  databaseUrl: string;
  host: string;
  port: number;
  log: Log;
  /** Where simulated instruments keep what they are doing, as real ones would while our process is away. */
  instrumentsFolder: string;
  /** Seconds after which a process that stopped renewing its operations is taken for dead. Default 15. */
  leaseSeconds?: number;
}

/** device-service with every driver that ships with Labwright, migrated and ready to start. */
export function hostDeviceService(options: DeviceServiceOptions): Promise<HostedService<DevicesService>> {
  const journalFolder = resolve(options.instrumentsFolder);
  return hostService({
    name: 'device-service',
    databaseUrl: options.databaseUrl,
    host: options.host,
    port: options.port,
    log: options.log,
    clock: systemClock,
    migrations: [devicesMigrations],
    build: (deps) =>
      createDevicesService(deps, {
        ...(options.leaseSeconds === undefined ? {} : { settings: { leaseMs: options.leaseSeconds * 1000 } }),
        models: new Map(simulators.map((model) => [model.type, model])),
        openDriver: (model, device) =>
          model.open({ device_id: device.id, settings: device.settings, journalFolder, clock: deps.clock }),
      }),
  });
}

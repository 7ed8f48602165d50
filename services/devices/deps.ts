import type { AuditRules } from '@labwright/audit';
import type { Driver, DriverModel } from '@labwright/driver-kit';
import type { Transport } from '@labwright/jobs';
import type { Db } from '@labwright/kernel/db';
import type { ServiceDeps } from '@labwright/kernel/service';

/** What the parts of this service share. */
export interface DevicesDeps extends ServiceDeps {
  /** The driver models that this process can speak to, by device type. */
  readonly models: ReadonlyMap<string, DriverModel>;
  /** Opens the driver of one device; the process decides about journals and the like. */
  readonly openDriver: (
    model: DriverModel,
    device: { id: string; settings: Record<string, unknown> },
  ) => Promise<Driver>;
  /** Names this process among others on the same database; new at each start. */
  readonly runner: string;
  readonly settings: DevicesSettings;
  /** How operations come to the worker of this process; without it this process carries out none. */
  readonly transport?: ((db: Db) => Transport) | undefined;
  /** What is asked of people before something sensitive is done. */
  readonly audit: AuditRules;
  /** Wakes the readers of the event feed in this process; called after each commit that wrote an event. */
  readonly announce: () => void;
}

export interface DevicesSettings {
  /** Milliseconds after which a process that fell silent is taken for dead: its operations go to another one. */
  leaseMs: number;
  /** Milliseconds that a stop waits for operations to end. */
  drainMs: number;
  /** Operations that this process carries out at once. More than there are devices: one that waits costs nothing. */
  operationsAtOnce: number;
  /** Milliseconds between two rounds of the repair loop. */
  repairMs: number;
  /** Milliseconds after which a waiting reader of the feed looks again although nobody woke it. */
  feedPollMs: number;
}

export const defaultSettings: DevicesSettings = {
  leaseMs: 15_000,
  drainMs: 5_000,
  operationsAtOnce: 1_000,
  repairMs: 5_000,
  feedPollMs: 500,
};

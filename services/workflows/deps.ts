import type { DevicesApi } from '@labwright/contract-devices';
import type { ServiceDeps } from '@labwright/kernel/service';

/** What the parts of this service share. */
export interface WorkflowsDeps extends ServiceDeps {
  readonly devices: DevicesApi;
  readonly settings: WorkflowsSettings;
}

export interface WorkflowsSettings {
  /** Milliseconds an action may be in hand before the repair loop takes it over. Longer than any answer of device-service. */
  actionLeaseMs: number;
  /** Milliseconds between two rounds of the repair loop. */
  repairMs: number;
  /** Milliseconds after which device-service is asked again about a step that still runs. */
  askAgainMs: number;
  /** Seconds that one read of the feed may wait for news. */
  feedWaitSeconds: number;
}

export const defaultSettings: WorkflowsSettings = {
  actionLeaseMs: 20_000,
  repairMs: 2_000,
  askAgainMs: 60_000,
  feedWaitSeconds: 20,
};

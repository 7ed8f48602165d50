import type { DevicesApi } from '@labwright/contract-devices';
import type { ServiceDeps } from '@labwright/kernel/service';
import type { Figures } from './figures.ts';

/** What the parts of this service share. */
export interface WorkflowsDeps extends ServiceDeps {
  readonly devices: DevicesApi;
  readonly settings: WorkflowsSettings;
}

/** What workflows and the loops behind them share beside that. */
export interface CoreDeps extends WorkflowsDeps {
  readonly figures: Figures;
  /** Tells a loop that there is something for it to do now. */
  readonly wake: { repair(): void; conductor(): void };
}

export interface WorkflowsSettings {
  /** Milliseconds an action may be in hand before the repair loop takes it over. Longer than any answer of device-service. */
  actionLeaseMs: number;
  /** Milliseconds between two rounds of the repair loop. */
  repairMs: number;
  /** Milliseconds after which device-service is asked again about a step that still runs. */
  askAgainMs: number;
  /** Milliseconds after which the queue entry of a queued workflow is made sure of again. */
  requeueMs: number;
  /** Milliseconds after which the booking of a workflow at rest is compared with that of its device. */
  checkBookingsMs: number;
  /** Seconds that one read of the feed may wait for news. */
  feedWaitSeconds: number;
}

export const defaultSettings: WorkflowsSettings = {
  actionLeaseMs: 20_000,
  repairMs: 2_000,
  askAgainMs: 60_000,
  requeueMs: 60_000,
  checkBookingsMs: 30_000,
  feedWaitSeconds: 20,
};

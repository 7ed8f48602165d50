import type { AuditRules } from '@labwright/audit';
import type { DevicesApi } from '@labwright/contract-devices';
import type { TasksApi } from '@labwright/contract-hub/tasks';
import type { Transport } from '@labwright/jobs';
import type { Db } from '@labwright/kernel/db';
import type { ServiceDeps } from '@labwright/kernel/service';
import type { Figures } from './figures.ts';

/** What the parts of this service share. */
export interface WorkflowsDeps extends ServiceDeps {
  /** What is asked of people before something sensitive is done. */
  readonly audit: AuditRules;
  readonly devices: DevicesApi;
  /** The people; without them no workflow has steps that a person carries out. */
  readonly tasks?: TasksApi | undefined;
  /** How events come to the worker of this process; without it this process takes in none. */
  readonly transport?: ((db: Db) => Transport) | undefined;
  readonly settings: WorkflowsSettings;
}

/** What workflows and the loops behind them share beside that. */
export interface CoreDeps extends WorkflowsDeps {
  readonly figures: Figures;
  /** Tells a loop that there is something for it to do now. */
  readonly wake: { repair(): void; conductor(): void; tasks(): void };
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
  /** Milliseconds after which a waiting reader of our own events looks again. */
  feedPollMs: number;
}

export const defaultSettings: WorkflowsSettings = {
  actionLeaseMs: 20_000,
  repairMs: 2_000,
  askAgainMs: 60_000,
  requeueMs: 60_000,
  checkBookingsMs: 30_000,
  feedWaitSeconds: 20,
  feedPollMs: 250,
};

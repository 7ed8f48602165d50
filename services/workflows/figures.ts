import type { Clock } from '@labwright/kernel/clock';
import type { Metrics } from '@labwright/kernel/telemetry';

/** What became of a workflow, each time that something did. */
export type WorkflowOutcome =
  | 'created'
  | 'queued'
  | 'started'
  | 'paused'
  | 'resumed'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** What the outside world may know of this service's doings. */
export interface Figures {
  workflow(outcome: WorkflowOutcome): void;
  /** Seconds from the first request to the outcome. */
  step(operation: string, status: string, seconds: number): void;
  /** An action that was not recorded by who claimed it, settled by the repair loop. */
  repaired(action: string): void;
  feed: {
    /** Everything there is was taken in. */
    caughtUp(): void;
    /** An event that happened then (milliseconds) is the oldest that was not taken in. */
    behind(since: number): void;
    /** The feed could not be read. */
    lost(): void;
    /** An event that could not be handled was left out. */
    skipped(): void;
  };
}

export function createFigures(metrics: Metrics, clock: Clock): Figures {
  const workflows = metrics.counter('workflows_total', 'What became of workflows', ['outcome']);
  const steps = metrics.histogram(
    'workflow_step_duration_seconds',
    'Time from asking for a step until its outcome was recorded',
    [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600],
    ['operation', 'status'],
  );
  const repaired = metrics.counter('workflow_repairs_total', 'Actions that the repair loop settled', [
    'action',
  ]);
  const skipped = metrics.counter(
    'device_feed_skipped_total',
    'Events that could not be handled and were left out',
  );
  let behindSince: number | null = null;
  metrics.gauge(
    'device_feed_lag_seconds',
    'How far behind the feed of device-service we are; 0 when up to date',
    () => (behindSince === null ? 0 : Math.max(0, clock.now() - behindSince) / 1_000),
  );
  return {
    workflow: (outcome) => workflows.inc({ outcome }),
    step: (operation, status, seconds) => steps.observe({ operation, status }, seconds),
    repaired: (action) => repaired.inc({ action }),
    feed: {
      caughtUp: () => {
        behindSince = null;
      },
      behind: (since) => {
        behindSince = since;
      },
      lost: () => {
        behindSince ??= clock.now();
      },
      skipped: () => skipped.inc(),
    },
  };
}

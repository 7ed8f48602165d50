import type { Execution } from '@labwright/contract-devices';
import type { Metrics } from '@labwright/kernel/telemetry';

/** Counts what ended, by device type, operation and outcome, and how long it took. */
export function executionMetrics(metrics: Metrics, running: () => number) {
  const ended = metrics.counter('device_executions_total', 'Operations that ended on a device', [
    'type',
    'operation',
    'outcome',
  ]);
  const duration = metrics.histogram(
    'device_execution_duration_seconds',
    'Time from the record of an operation to its outcome, where it was watched to its end',
    [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400],
    ['type', 'operation'],
  );
  metrics.gauge('device_executions_running', 'Operations that this process carries out', running);
  return (execution: Execution): void => {
    const { device_type: type, operation, status: outcome, duration_ms } = execution;
    ended.inc({ type, operation, outcome });
    if (duration_ms !== null) duration.observe({ type, operation }, duration_ms / 1_000);
  };
}

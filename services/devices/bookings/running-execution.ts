import { deviceErrors } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const RunningExecution = Type.Object({
  id: Type.String(),
  execution_id: nullable(Type.String()),
  operation: Type.String(),
});

/** Index: execution_logs_one_running. */
const running = rows(
  'devices.running_execution',
  RunningExecution,
  `SELECT id, execution_id, operation FROM execution_logs WHERE device_id = $1 AND status = 'running'`,
);

/**
 * The operation that runs on a device. Needs the lock of the device: an operation begins under the same lock, so
 * none can begin until the transaction has ended.
 */
export function findRunning(tx: Queryable, deviceId: string) {
  return tx.first(running, [deviceId]);
}

/** Throws `device_operating` while an operation runs (invariant 8). */
export function assertNotOperating(
  deviceId: string,
  execution: Static<typeof RunningExecution> | undefined,
): void {
  if (!execution) return;
  throw deviceErrors.problem(
    'device_operating',
    `${deviceId} is carrying out ${execution.operation}; it is not taken away while it moves. Wait until the operation has ended.`,
    {
      extra: {
        execution_id: execution.execution_id,
        execution_log_id: execution.id,
        operation: execution.operation,
      },
      retryAfter: 1,
    },
  );
}

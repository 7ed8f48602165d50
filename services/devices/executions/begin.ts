import type { Execution } from '@labwright/contract-devices';
import type { OperationSpec } from '@labwright/driver-kit';
import { commonErrors } from '@labwright/kernel/errors';
import { deviceNotFound } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import type { DriverTarget } from './drivers.ts';
import { assertMayBegin, assertSameRequest, type ExecuteRequest, planOperation } from './request.ts';
import { beginExecution, findExecution, situationOf } from './statements.ts';

/** An execution on record: one that is now ours to carry out, or one that was there. */
export type Begun =
  | { ours: true; execution: Execution; spec: OperationSpec; target: DriverTarget; leasedAt: number }
  | { ours: false; execution: Execution };

const attempts = 5;

/**
 * Puts an execution on record, once for each execution_id. Of several who ask at the same time one gets it as its
 * own; the others find it. Throws every refusal that the README names, before anything is stored.
 */
export async function beginOrFind(deps: DevicesDeps, request: ExecuteRequest): Promise<Begun> {
  const { db, clock, models, runner, settings } = deps;
  const { device_id, workflow_id, operation, execution_id } = request;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const device = await db.first(situationOf, [device_id, execution_id]);
    if (!device || device.asked_id !== null) {
      const execution = await db.first(findExecution, [execution_id]);
      if (!execution) throw deviceNotFound(device_id);
      assertSameRequest(execution, request);
      return { ours: false, execution };
    }
    const { spec, parameters } = planOperation(models, device, request);
    assertMayBegin(device, request);
    const leasedAt = clock.now();
    const execution = await db.first(beginExecution, [
      device_id,
      device.type,
      workflow_id,
      execution_id,
      operation,
      JSON.stringify(parameters),
      runner,
      settings.leaseMs,
    ]);
    const target = { id: device_id, type: device.type, settings: device.settings };
    if (execution) return { ours: true, execution, spec, target, leasedAt };
    // Something changed between looking and beginning: the next look says what.
  }
  throw commonErrors.problem(
    'overloaded',
    `${device_id} changes too often to begin anything just now; nothing was done. Try again shortly.`,
    { retryAfter: 1 },
  );
}

import { auditContext } from '@labwright/audit';
import type { Execution } from '@labwright/contract-devices';
import { commonErrors } from '@labwright/kernel/errors';
import { deviceNotFound } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { enqueueOperation } from './job.ts';
import { assertMayBegin, assertSameRequest, type ExecuteRequest, planOperation } from './request.ts';
import { beginExecution, findExecution, situationOf } from './statements.ts';

const attempts = 5;

/** Something changed between looking and beginning. */
class NotBegun extends Error {
  override readonly name = 'NotBegun';
}

/**
 * Puts an execution on record together with its job, once for each execution_id, or finds the one that is there. Throws every
 * refusal that the README names, before anything is stored.
 */
export async function beginOrFind(deps: DevicesDeps, request: ExecuteRequest): Promise<Execution> {
  const { db, models } = deps;
  const { device_id, execution_id } = request;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const device = await db.first(situationOf, [device_id, execution_id]);
    if (!device || device.asked_id !== null) {
      const execution = await db.first(findExecution, [execution_id]);
      if (!execution) throw deviceNotFound(device_id);
      assertSameRequest(execution, request);
      return execution;
    }
    const { parameters } = planOperation(models, device, request);
    assertMayBegin(device, request);
    const execution = await begin(deps, request, device.type, parameters);
    if (execution) return execution;
    // The next look says what has changed.
  }
  throw commonErrors.problem(
    'overloaded',
    `${device_id} changes too often to begin anything just now; nothing was done. Try again shortly.`,
    { retryAfter: 1 },
  );
}

async function begin(
  deps: DevicesDeps,
  { device_id, workflow_id, booking_id, execution_id, operation }: ExecuteRequest,
  device_type: string,
  parameters: Record<string, unknown>,
): Promise<Execution | undefined> {
  const values = [
    device_id,
    device_type,
    workflow_id,
    execution_id,
    operation,
    JSON.stringify(parameters),
    booking_id ?? null,
    auditContext(),
  ];
  try {
    return await deps.db.transaction(async (tx) => {
      const [execution] = await Promise.all([
        tx.first(beginExecution, values),
        enqueueOperation(tx, { device_id, device_type, execution_id }, { askedBy: deps.runner }),
      ]);
      if (!execution) throw new NotBegun();
      return execution;
    });
  } catch (error) {
    if (error instanceof NotBegun) return undefined;
    throw error;
  }
}

import { type Approval, auditContext } from '@labwright/audit';
import type { DevicesDeps } from '../deps.ts';
import { cancelOfWorkflow } from '../queue/cancel-entry.ts';
import { handOn } from './hand-on.ts';
import { lockDevice } from './lock-device.ts';
import { endBooking, override, ownerOf, type Release } from './release-device.ts';
import { assertNotOperating, findRunning } from './running-execution.ts';

/**
 * Makes sure that a workflow neither holds the device (only `booking_id`, where that is given) nor waits for
 * it. With nothing to do it does nothing, also for a device that was deleted meanwhile.
 * Throws `device_not_found`, and `device_operating` while the workflow's operation runs: nothing is changed then.
 */
export async function withdraw(deps: DevicesDeps, request: Release, approval?: Approval): Promise<void> {
  const { device_id, workflow_id, booking_id } = request;
  const reason = request.reason ?? 'withdrawn by its workflow';
  await deps.db.transaction(async (tx) => {
    const [{ booking }, running, owner] = await Promise.all([
      lockDevice(tx, device_id, { evenDeleted: true }),
      findRunning(tx, device_id),
      tx.first(ownerOf, [device_id]),
      // Before the release, so that the device is not handed to the very entry that is withdrawn.
      tx.first(cancelOfWorkflow, [device_id, reason, workflow_id, auditContext()]),
    ]);
    if (booking?.workflow_id !== workflow_id) return;
    if (booking_id !== undefined && booking.id !== booking_id) return;
    assertNotOperating(device_id, running);
    if (approval) await override(deps, tx, approval, owner);
    await Promise.all([tx.first(endBooking, [booking.id, reason, auditContext()]), handOn(tx, device_id)]);
  });
  deps.announce();
}

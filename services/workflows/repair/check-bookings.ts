import { isProblem } from '@labwright/kernel/errors';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { CoreDeps } from '../deps.ts';
import { pauseWithoutBooking } from '../steps/put-back-step.ts';
import { lockWorkflow } from '../workflow-row.ts';

const Held = Type.Object({
  id: Type.String(),
  device_id: Type.String(),
  booking_id: Type.String(),
  fencing_token: nullable(Type.Integer()),
});
export type Held = Static<typeof Held>;

// Index workflows_with_booking. Not those in which the device does something: its end says how the booking stands.
const take = rows(
  'workflows.check_bookings.take',
  Held,
  `UPDATE workflows SET booking_checked_at = clock_timestamp()
   WHERE id IN (
     SELECT w.id FROM workflows w
     WHERE w.booking_id IS NOT NULL AND w.status IN ('running', 'failed') AND w.action IS NULL
       AND coalesce(w.booking_checked_at, w.updated_at) < clock_timestamp() - make_interval(secs => $1::float8)
       AND NOT EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'running'
                       AND s.operator_task IS NULL)
     ORDER BY w.booking_checked_at NULLS FIRST LIMIT 20 FOR UPDATE SKIP LOCKED)
   RETURNING id, device_id, booking_id, fencing_token`,
);

/** Workflows whose booking nobody has looked at for a while, at most 20. */
export const takeHeld = (deps: CoreDeps): Promise<Held[]> =>
  deps.db.query(take, [deps.settings.checkBookingsMs / 1_000]);

/**
 * Pauses a workflow whose device does not know its booking any more. The feed tells that too, unless people edited the
 * tables of device-service by hand in a way that no event tells of.
 */
export async function checkBooking(deps: CoreDeps, held: Held): Promise<void> {
  const device = await deps.devices.getDevice(held.device_id).catch((error) => {
    if (isProblem(error, 'device_not_found')) return undefined;
    throw error;
  });
  // Nobody holds a device that is available, and the newest booking has the highest token.
  if (device && device.status !== 'available' && device.fencing_token === held.fencing_token) return;
  const paused = await deps.db.transaction(async (tx) => {
    const workflow = await lockWorkflow(tx, held.id);
    // What happened since the question was asked is known from elsewhere.
    if (workflow?.booking_id !== held.booking_id || workflow.action !== null) return false;
    await pauseWithoutBooking(tx, held.id, `${held.device_id} does not know its booking any more`);
    return true;
  });
  if (paused) deps.figures.workflow('paused');
}

import { type Approval, auditContext, auditSql, demandApproval, recordAudit } from '@labwright/audit';
import { Booking, deviceErrors } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { bookingColumns, isId } from '../rows.ts';
import { handOn } from './hand-on.ts';
import { lockDevice } from './lock-device.ts';
import { assertNotOperating, findRunning } from './running-execution.ts';

/** Ends a booking: $1, its reason $2, `auditContext()` $3. Needs the lock of its device. */
export const endBooking = rows(
  'devices.release',
  Booking,
  `WITH released AS (
     UPDATE device_bookings SET status = 'released', released_at = clock_timestamp(), release_reason = $2
     WHERE id = $1 AND status = 'active'
     RETURNING ${bookingColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'booking.released', device_id, workflow_id,
            jsonb_build_object('booking_id', id::text, 'reason', release_reason)
     FROM released
   ), audit AS (
     ${auditSql({
       action: `'device.release'`,
       subject: `'device:' || device_id`,
       reason: 'release_reason',
       before: `jsonb_build_object('booking_id', id::text, 'workflow_id', workflow_id, 'fencing_token', fencing_token)`,
       context: '$3',
       from: 'released',
     })}
   )
   SELECT ${bookingColumns} FROM released`,
);

/** Index: device_bookings_by_workflow. */
const newestOfWorkflow = rows(
  'devices.newest_booking_of_workflow',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE workflow_id = $2 AND device_id = $1 ORDER BY id DESC LIMIT 1`,
);

const bookingOfWorkflow = rows(
  'devices.booking_of_workflow',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE id = $3 AND workflow_id = $2 AND device_id = $1`,
);

export interface Release {
  device_id: string;
  workflow_id: string;
  /** Releases this booking only, and no later one. */
  booking_id?: string;
  reason?: string | undefined;
}

/**
 * Releases the booking of a workflow and books the first of the queue, in one transaction. A booking that is
 * released already is answered as it stands: the request may be repeated.
 * `approval` is that of a person who asks here and now: to release what somebody else has booked may need a reason.
 * Throws `device_not_found`, `device_operating`, and `not_the_holder` where the workflow has no such booking.
 */
export async function releaseDevice(
  deps: DevicesDeps,
  request: Release,
  approval?: Approval,
): Promise<{ booking: Booking; next_booking: Booking | null }> {
  const outcome = await deps.db.transaction(async (tx) => {
    const [{ booking: active }, booking, running, owner] = await Promise.all([
      lockDevice(tx, request.device_id),
      findBooking(tx, request),
      findRunning(tx, request.device_id),
      tx.first(ownerOf, [request.device_id]),
    ]);
    if (!booking) throw notTheHolder(request, active);
    if (booking.status === 'released') return { booking, next_booking: null };
    assertNotOperating(request.device_id, running);
    if (approval) await override(deps, tx, approval, owner);
    const [released, next] = await Promise.all([
      tx.first(endBooking, [booking.id, request.reason ?? null, auditContext()]),
      handOn(tx, request.device_id),
    ]);
    return { booking: released ?? booking, next_booking: next };
  });
  deps.announce();
  return outcome;
}

/** Index: device_bookings_one_active. */
export const ownerOf = rows(
  'devices.booking_owner',
  Type.Object({ booked_by: nullable(Type.String()), booking_id: Type.String(), workflow_id: Type.String() }),
  `SELECT booked_by, id AS booking_id, workflow_id FROM device_bookings WHERE device_id = $1 AND status = 'active'`,
);

const people = ['user', 'token', 'local'];

/** Demands and records why somebody takes away what another one has booked. */
export async function override(
  { audit }: DevicesDeps,
  tx: Queryable,
  approval: Approval,
  owner: { booked_by: string | null; booking_id: string; workflow_id: string } | undefined,
): Promise<void> {
  const { id, kind } = currentPrincipal();
  if (!owner?.booked_by || owner.booked_by === id || !people.includes(kind)) return;
  demandApproval(audit, approval, 'release what somebody else has booked');
  await recordAudit(tx, { action: approval.action, subject: approval.subject, before: owner, approval });
}

async function findBooking(tx: Queryable, request: Release): Promise<Booking | undefined> {
  const { device_id, workflow_id, booking_id } = request;
  if (booking_id === undefined) return tx.first(newestOfWorkflow, [device_id, workflow_id]);
  return isId(booking_id) ? tx.first(bookingOfWorkflow, [device_id, workflow_id, booking_id]) : undefined;
}

function notTheHolder({ device_id, workflow_id, booking_id }: Release, active: Booking | undefined) {
  const which = booking_id === undefined ? 'has no booking' : `has no booking ${JSON.stringify(booking_id)}`;
  const holder = active ? `Workflow ${active.workflow_id} holds it.` : 'Nobody holds it.';
  return deviceErrors.problem(
    'not_the_holder',
    `Workflow ${workflow_id} ${which} of ${device_id}, so it cannot release it. ${holder}`,
    active ? { extra: { holder: { workflow_id: active.workflow_id, booking_id: active.id } } } : {},
  );
}

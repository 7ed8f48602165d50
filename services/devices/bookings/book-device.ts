import { auditContext } from '@labwright/audit';
import { Booking, Device, type DeviceView, deviceErrors } from '@labwright/contract-devices';
import { isUniqueViolation, type Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { getDevice, readDevice } from '../instruments/get-device.ts';
import { bookingColumns } from '../rows.ts';
import { bookingAudit } from './booking-audit.ts';
import { deviceBusy } from './device-busy.ts';
import { handOn } from './hand-on.ts';
import { lockDevice, turnSql } from './lock-device.ts';

const { id: _id, status: _status, fencing_token: _token, ...deviceProperties } = Device.properties;
const BookedRow = Type.Object({ ...Booking.properties, ...deviceProperties });

/**
 * Takes a free device in one statement: concurrent bookings take turns, the first one changes the row, and the
 * others then find it busy. Where entries wait (somebody edited by hand) nobody is let in before them.
 */
const take = rows(
  'devices.book',
  BookedRow,
  `WITH turn AS MATERIALIZED (
     SELECT ${turnSql}
   ), device AS (
     UPDATE devices SET status = 'busy', fencing_token = fencing_token + 1, updated_at = clock_timestamp()
     FROM turn
     WHERE id = $1 AND status = 'available' AND deleted_at IS NULL
       AND NOT EXISTS (SELECT FROM device_queue q WHERE q.device_id = $1 AND q.status = 'queued')
     RETURNING id AS device_id, fencing_token AS token, name, type, paused, capabilities, nests, location, settings,
               created_at, updated_at
   ), booking AS (
     INSERT INTO device_bookings (device_id, workflow_id, fencing_token, operations, booked_by)
     SELECT device_id, $2, token, $3, $4::jsonb->'actor'->>'id' FROM device
     RETURNING ${bookingColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'booking.granted', device_id, workflow_id,
            jsonb_build_object('booking_id', id::text, 'fencing_token', fencing_token, 'queue_entry_id', NULL)
     FROM booking
   ), audit AS (
     ${bookingAudit('$4')}
   )
   SELECT ${bookingColumns}, name, type, paused, capabilities, nests, location, settings, created_at, updated_at
   FROM booking JOIN device USING (device_id)`,
);

interface Booked {
  booking: Booking;
  device: Device;
  /** False where the workflow held the device before. */
  fresh: boolean;
}

/**
 * Books a device for a workflow, or answers the booking that the workflow holds already. `operations` is what
 * it means to do, for estimates.
 * Throws `device_not_found`, `device_in_maintenance`, `device_busy`.
 */
export async function bookDevice(
  deps: DevicesDeps,
  request: { device_id: string; workflow_id: string; operations?: string[] },
): Promise<Booked> {
  const taken = await takeFree(deps.db, request);
  if (taken) {
    deps.announce();
    return taken;
  }
  // Not free: the second look says why, without a lock, since this is what most of those who come too late get.
  const found = await getDevice(deps.db, request.device_id);
  const free = found.booking === null && found.status !== 'maintenance';
  return free ? takeLocked(deps, request) : explain(deps, request, found);
}

/** Undefined where the device is not free. */
async function takeFree(
  db: Queryable,
  request: { device_id: string; workflow_id: string; operations?: string[] },
): Promise<Booked | undefined> {
  try {
    const { device_id, workflow_id, operations = [] } = request;
    const row = await db.first(take, [device_id, workflow_id, operations, auditContext()]);
    return row && { ...split(row), fresh: true };
  } catch (error) {
    // Somebody set the status to available by hand although a booking is active: that is busy.
    if (isUniqueViolation(error, 'device_bookings_one_active')) return undefined;
    throw error;
  }
}

/** The device came free since, or its status contradicts its bookings: settled under its lock. */
async function takeLocked(
  deps: DevicesDeps,
  request: { device_id: string; workflow_id: string; operations?: string[] },
): Promise<Booked> {
  const outcome = await deps.db.transaction(async (tx) => {
    const { booking } = await lockDevice(tx, request.device_id);
    if (!booking) await handOn(tx, request.device_id);
    return (await takeFree(tx, request)) ?? readDevice(tx, request.device_id);
  });
  deps.announce();
  return 'fresh' in outcome ? outcome : explain(deps, request, outcome);
}

/** The booking that the workflow holds already, or the reason why it cannot have one. */
async function explain(
  deps: DevicesDeps,
  request: { device_id: string; workflow_id: string },
  found: DeviceView,
): Promise<Booked> {
  const { booking, queue_length: _length, ...device } = found;
  if (booking?.workflow_id === request.workflow_id) return { device, booking, fresh: false };
  if (device.status === 'maintenance')
    throw deviceErrors.problem(
      'device_in_maintenance',
      `${device.id} is in maintenance. Queue with POST /devices/${device.id}/queue: it is handed out when it is back.`,
    );
  if (!booking) throw new Error(`${device.id} is free, and yet it could not be booked under its lock`);
  throw await deviceBusy(deps, found, booking);
}

/** The two rows that one statement answers. */
function split(row: Static<typeof BookedRow>): { booking: Booking; device: Device } {
  const { name, type, paused, capabilities, nests, location, settings, created_at, updated_at, ...booking } =
    row;
  const { device_id: id, fencing_token } = booking;
  const device = { id, name, type, status: 'busy' as const, paused, capabilities, nests, location, settings };
  return { booking, device: { ...device, fencing_token, created_at, updated_at } };
}

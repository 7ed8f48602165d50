import { Booking, Device, deviceErrors } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { bookingColumns, deviceColumns } from '../rows.ts';

const LockedRow = Type.Object({ ...Device.properties, deleted_at: nullable(Timestamp) });

/**
 * Whoever changes a device takes its turn here before its transaction gets a number. The feed is read in the order
 * of those numbers, so the events of one device come in the order in which they happened.
 */
export const turnSql = 'pg_advisory_xact_lock(hashtextextended($1, 5001))';

export const takeTurn = command('devices.take_turn', `SELECT ${turnSql}`);

/** NO KEY UPDATE: whoever books, queues or runs waits here; foreign keys that merely point at the device do not. */
const lock = rows(
  'devices.lock',
  LockedRow,
  `SELECT ${deviceColumns}, deleted_at FROM devices WHERE id = $1 FOR NO KEY UPDATE`,
);

/** Index: device_bookings_one_active. */
export const activeBooking = rows(
  'devices.active_booking',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE device_id = $1 AND status = 'active'`,
);

export interface LockedDevice {
  device: Static<typeof LockedRow>;
  /** Its active booking. */
  booking: Booking | undefined;
}

/**
 * Locks the row of a device until the end of the transaction (invariant 3) and reads who holds it. Each later
 * statement of the transaction sees what the holder of the lock before committed.
 * Throws `device_not_found`; for a deleted device too, unless `evenDeleted`.
 */
export async function lockDevice(
  tx: Queryable,
  deviceId: string,
  options: { evenDeleted?: boolean } = {},
): Promise<LockedDevice> {
  const [, device, booking] = await Promise.all([
    tx.execute(takeTurn, [deviceId]),
    tx.first(lock, [deviceId]),
    tx.first(activeBooking, [deviceId]),
  ]);
  if (!device || (device.deleted_at !== null && !options.evenDeleted)) throw deviceNotFound(deviceId);
  return { device, booking };
}

export function deviceNotFound(deviceId: string) {
  return deviceErrors.problem(
    'device_not_found',
    `There is no device ${JSON.stringify(deviceId)}. GET /devices lists the devices; ids are case-sensitive.`,
  );
}

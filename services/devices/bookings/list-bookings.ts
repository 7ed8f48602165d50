import { Booking } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import { getDeviceRow } from '../instruments/get-device.ts';
import { bookingColumns, highestId, isId } from '../rows.ts';

/** Index: device_bookings_by_device. */
const all = rows(
  'devices.list_bookings',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE device_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);

const withStatus = rows(
  'devices.list_bookings_by_status',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE device_id = $1 AND id < $2 AND status = $4
   ORDER BY id DESC LIMIT $3`,
);

/** The bookings of a device, newest first. Throws `device_not_found`, `invalid_cursor`. */
export async function listBookings(
  db: Queryable,
  request: { device_id: string; status?: Booking['status']; limit: number; cursor?: string },
): Promise<{ bookings: Booking[]; next_cursor: string | null }> {
  const { device_id, status, limit, cursor } = request;
  const [before = highestId] = cursor
    ? decodeCursor('bookings', cursor, [(id) => typeof id === 'string' && isId(id)])
    : [];
  // One row more than asked for tells whether there is a next page.
  const values = [device_id, before, limit + 1];
  const [found] = await Promise.all([
    status ? db.query(withStatus, [...values, status]) : db.query(all, values),
    getDeviceRow(db, device_id),
  ]);
  const bookings = found.slice(0, limit);
  const last = bookings.at(-1);
  return {
    bookings,
    next_cursor: found.length > limit && last ? encodeCursor('bookings', [last.id]) : null,
  };
}

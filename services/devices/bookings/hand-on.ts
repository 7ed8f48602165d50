import { Booking } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import { bookingColumns } from '../rows.ts';
import { bookingAudit } from './booking-audit.ts';

/**
 * Books the first of the queue, in the order of index device_queue_order: one probe, however long the queue.
 * Does nothing where somebody holds the device, where it is in maintenance or deleted, or where nobody waits.
 */
export const bookNext = rows(
  'devices.book_next',
  Booking,
  `WITH next AS MATERIALIZED (
     SELECT id, workflow_id, operations FROM device_queue
     WHERE device_id = $1 AND status = 'queued'
     ORDER BY priority_value, queued_at, id
     LIMIT 1
   ), device AS (
     UPDATE devices SET status = 'busy', fencing_token = fencing_token + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status <> 'maintenance' AND deleted_at IS NULL
       AND EXISTS (SELECT FROM next)
       AND NOT EXISTS (SELECT FROM device_bookings b WHERE b.device_id = $1 AND b.status = 'active')
     RETURNING id AS device_id, fencing_token
   ), entry AS (
     UPDATE device_queue q SET status = 'booked', booked_at = clock_timestamp()
     FROM next, device WHERE q.id = next.id
     RETURNING q.id AS queue_entry_id, q.workflow_id, q.operations, q.queued_by
   ), booking AS (
     INSERT INTO device_bookings (device_id, workflow_id, fencing_token, operations, queue_entry_id, booked_by)
     SELECT device_id, workflow_id, fencing_token, operations, queue_entry_id, queued_by FROM device, entry
     RETURNING ${bookingColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'booking.granted', device_id, workflow_id, jsonb_build_object(
       'booking_id', id::text, 'fencing_token', fencing_token, 'queue_entry_id', queue_entry_id::text)
     FROM booking
   ), audit AS (
     ${bookingAudit()}
   )
   SELECT ${bookingColumns} FROM booking`,
);

const setStatusRight = command(
  'devices.set_status_right',
  `UPDATE devices d SET status = held.status, updated_at = clock_timestamp()
   FROM (SELECT CASE WHEN EXISTS (SELECT FROM device_bookings WHERE device_id = $1 AND status = 'active')
                     THEN 'busy' ELSE 'available' END AS status) AS held
   WHERE d.id = $1 AND d.status NOT IN ('maintenance', held.status)`,
);

/**
 * Hands a device on: where nobody holds it, the first of its queue is booked, or it becomes available. Whatever
 * state the device is found in, afterwards its status agrees with its bookings and its queue.
 * Needs the lock of the device (`lockDevice`), and must be the last change of who holds it or waits for it.
 */
export async function handOn(tx: Queryable, deviceId: string): Promise<Booking | null> {
  const [booking] = await Promise.all([
    tx.first(bookNext, [deviceId]),
    tx.execute(setStatusRight, [deviceId]),
  ]);
  return booking ?? null;
}

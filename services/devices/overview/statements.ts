import { Booking } from '@labwright/contract-devices';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { bookingColumns } from '../rows.ts';

// Each for a whole page of devices: how many there are changes no number of queries.

/** Index: device_bookings_one_active. */
export const holders = rows(
  'devices.overview_holders',
  Booking,
  `SELECT ${bookingColumns} FROM device_bookings WHERE device_id = ANY($1::text[]) AND status = 'active'`,
);

/** Index: device_queue_order. */
export const waiting = rows(
  'devices.overview_waiting',
  Type.Object({ device_id: Type.String(), entries: Type.Integer(), undeclared: Type.Integer() }),
  `SELECT device_id, count(*)::int AS entries, (count(*) FILTER (WHERE operations = '{}'))::int AS undeclared
   FROM device_queue WHERE device_id = ANY($1::text[]) AND status = 'queued' GROUP BY device_id`,
);

/** Index: device_queue_order. Grouped here, so that memory does not grow with the queue. */
export const waitingWork = rows(
  'devices.overview_waiting_work',
  Type.Object({ device_id: Type.String(), operation: Type.String(), times: Type.Integer() }),
  `SELECT device_id, operation, count(*)::int AS times
   FROM device_queue, unnest(operations) AS operation
   WHERE device_id = ANY($1::text[]) AND status = 'queued' GROUP BY device_id, operation`,
);

/** Index: execution_logs_one_running. */
export const running = rows(
  'devices.overview_running',
  Type.Object({ device_id: Type.String(), operation: Type.String(), started_at: Timestamp }),
  `SELECT device_id, operation, started_at FROM execution_logs
   WHERE device_id = ANY($1::text[]) AND status = 'running'`,
);

/** What those who hold a device have done with it. Indexes: device_bookings_one_active, execution_logs_by_device. */
export const doneByHolders = rows(
  'devices.overview_done',
  Type.Object({
    device_id: Type.String(),
    operation: Type.String(),
    times: Type.Integer(),
    last_end: nullable(Timestamp),
  }),
  `SELECT b.device_id, l.operation, count(*) FILTER (WHERE l.status = 'succeeded')::int AS times, max(l.finished_at) AS last_end
   FROM device_bookings b
   JOIN execution_logs l ON l.device_id = b.device_id AND l.started_at >= b.booked_at
     AND l.fencing_token = b.fencing_token AND l.status <> 'running'
   WHERE b.device_id = ANY($1::text[]) AND b.status = 'active'
   GROUP BY b.device_id, l.operation`,
);

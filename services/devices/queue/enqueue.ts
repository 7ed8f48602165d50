import { type Approval, auditContext, auditSql } from '@labwright/audit';
import type { Booking, Priority } from '@labwright/contract-devices';
import { QueueEntry } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import { handOn } from '../bookings/hand-on.ts';
import { lockDevice } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { entryColumns } from '../rows.ts';
import { movePriority } from './change-priority.ts';
import { findWaiting } from './find-waiting.ts';
import { priorityValues } from './priorities.ts';

/** `queued_at` and `id` are taken here, under the lock: the order of entries is the order of their transactions. */
const insert = rows(
  'devices.enqueue',
  QueueEntry,
  `WITH entry AS (
     INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, operations, queued_by)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb->'actor'->>'id')
     RETURNING ${entryColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'queue.entered', device_id, workflow_id, jsonb_build_object('entry_id', id::text) FROM entry
   ), audit AS (
     ${auditSql({
       action: `'queue.enter'`,
       subject: `'device:' || device_id`,
       after: `jsonb_build_object('entry_id', id::text, 'workflow_id', workflow_id, 'priority', priority)`,
       context: '$6',
       from: 'entry',
     })}
   )
   SELECT ${entryColumns} FROM entry`,
);

const findEntry = rows(
  'devices.find_entry_by_id',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue WHERE id = $1`,
);

/** For a workflow that had booked without queueing: the answer to its question is an entry all the same. */
const insertBooked = rows(
  'devices.enter_as_booked',
  QueueEntry,
  `INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, operations, status, booked_at)
   SELECT device_id, workflow_id, $2, $3, operations, 'booked', booked_at FROM device_bookings WHERE id = $1
   RETURNING ${entryColumns}`,
);

const linkBooking = command(
  'devices.link_booking_to_entry',
  'UPDATE device_bookings SET queue_entry_id = $2 WHERE id = $1',
);

export interface Enqueue {
  device_id: string;
  workflow_id: string;
  priority?: Priority;
  operations?: string[];
}

export interface Enqueued {
  entry: QueueEntry;
  /** Set where the workflow holds the device now. */
  booking: Booking | null;
  /** True where this request made the entry. */
  created: boolean;
}

/**
 * Books where the device is free, else enters the queue. Asked again it answers how things stand; another
 * priority, where one is named, moves the waiting entry, which keeps its `queued_at`. `approval` is that of a person who asks
 * here and now: to move an entry may need a reason.
 * Throws `device_not_found`.
 */
export async function enqueue(deps: DevicesDeps, request: Enqueue, approval?: Approval): Promise<Enqueued> {
  const { device_id, workflow_id, priority, operations = [] } = request;
  const outcome = await deps.db.transaction(async (tx): Promise<Enqueued> => {
    const [{ booking }, waiting] = await Promise.all([
      lockDevice(tx, device_id),
      findWaiting(tx, device_id, workflow_id),
    ]);
    if (booking?.workflow_id === workflow_id)
      return { entry: await entryOfBooking(tx, booking, priority), booking, created: false };
    const entry = waiting
      ? priority === undefined
        ? waiting
        : await movePriority(deps, tx, { entry: waiting, priority, approval })
      : await tx.first(insert, [
          device_id,
          workflow_id,
          priority ?? 'normal',
          priorityValues[priority ?? 'normal'],
          operations,
          auditContext(),
        ]);
    if (!entry) throw new Error(`the entry of ${workflow_id} for ${device_id} was not written`);
    const next = await handOn(tx, device_id);
    if (next?.queue_entry_id !== entry.id) return { entry, booking: null, created: !waiting };
    const booked = await tx.first(findEntry, [entry.id]);
    return { entry: booked ?? entry, booking: next, created: !waiting };
  });
  deps.announce();
  return outcome;
}

/** The entry that led to a booking. */
async function entryOfBooking(
  tx: Queryable,
  booking: Booking,
  priority: Priority = 'normal',
): Promise<QueueEntry> {
  const known = booking.queue_entry_id ? await tx.first(findEntry, [booking.queue_entry_id]) : undefined;
  if (known) return known;
  const made = await tx.first(insertBooked, [booking.id, priority, priorityValues[priority]]);
  if (!made) throw new Error(`the booking ${booking.id} vanished under the lock of its device`);
  await tx.execute(linkBooking, [booking.id, made.id]);
  booking.queue_entry_id = made.id;
  return made;
}

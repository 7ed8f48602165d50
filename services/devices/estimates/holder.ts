import type { Booking } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { asLongAgain, less, p90Of, type Spread, sum, times } from './spread.ts';
import { workOf } from './work.ts';

/** Index: execution_logs_by_device. */
const done = rows(
  'devices.operations_done',
  Type.Object({ operation: Type.String(), times: Type.Integer(), last_end: nullable(Timestamp) }),
  `SELECT operation, count(*) FILTER (WHERE status = 'succeeded')::int AS times, max(finished_at) AS last_end
   FROM execution_logs
   WHERE device_id = $1 AND started_at >= $2 AND fencing_token = $3 AND status <> 'running'
   GROUP BY operation`,
);

/** Index: execution_logs_one_running. */
const running = rows(
  'devices.operation_running',
  Type.Object({ operation: Type.String(), started_at: Timestamp }),
  `SELECT operation, started_at FROM execution_logs WHERE device_id = $1 AND status = 'running'`,
);

/** Between two steps, and no idling yet. */
const pauseSeconds = 1;

/** How far the holder of a device has come. */
export interface Progress {
  booking: Booking;
  done: ReadonlyMap<string, number>;
  /** When its newest operation ended, or the booking began. */
  idleSince: string;
  /** The operation that runs now, and since when. */
  running: { operation: string; started_at: string } | undefined;
}

export async function loadProgress(db: Queryable, booking: Booking): Promise<Progress> {
  const [finished, current] = await Promise.all([
    db.query(done, [booking.device_id, booking.booked_at, booking.fencing_token]),
    db.first(running, [booking.device_id]),
  ]);
  return {
    booking,
    done: new Map(finished.map((row) => [row.operation, row.times])),
    idleSince: finished.reduce(
      (latest, { last_end }) => (last_end !== null && last_end > latest ? last_end : latest),
      booking.booked_at,
    ),
    running: current,
  };
}

/** The operations whose durations `remaining` asks for. */
export function operationsOf({ booking, running }: Progress): string[] {
  return running ? [...booking.operations, running.operation] : booking.operations;
}

/**
 * The time until the holder is done: what it declared less what it did, less the time that the running operation
 * has had; while nothing runs, it is taken to idle as long again as it has idled. A holder that declared nothing takes
 * as long as bookings of this device usually do.
 */
export function remaining(
  progress: Progress,
  now: number,
  durationOf: (operation: string) => Spread,
  usualBooking: Spread,
): Spread {
  const { booking, running } = progress;
  const since = (start: string) => Math.max(0, (now - Date.parse(start)) / 1000);
  const current = running
    ? less(durationOf(running.operation), since(running.started_at))
    : asLongAgain(Math.max(0, since(progress.idleSince) - pauseSeconds));
  if (booking.operations.length === 0) {
    const rest = less(usualBooking, since(booking.booked_at));
    return running && p90Of(current) > p90Of(rest) ? current : rest;
  }
  const parts = [current];
  for (const [operation, declared] of workOf(booking.operations).operations) {
    const begun = (progress.done.get(operation) ?? 0) + (running?.operation === operation ? 1 : 0);
    parts.push(times(durationOf(operation), Math.max(0, declared - begun)));
  }
  return sum(...parts);
}

import { type Booking, type DeviceView, deviceErrors, othersWait } from '@labwright/contract-devices';
import type { DevicesDeps } from '../deps.ts';
import { waitOfNewEntry } from '../queue/wait-time.ts';

/** Seconds; whoever only polls should not come too often, nor forget about it. */
const retryBounds = { least: 1, most: 3_600 };

/** The refusal for a device that somebody holds: who, how many wait, and how long it would take in the queue. */
export async function deviceBusy(deps: DevicesDeps, device: DeviceView, booking: Booking) {
  const { id, queue_length } = device;
  const { estimate: wait, holderWait } = await waitOfNewEntry(deps, device);
  const holder = {
    workflow_id: booking.workflow_id,
    booking_id: booking.id,
    booked_at: booking.booked_at,
  };
  const { least, most } = retryBounds;
  const seconds = wait.seconds === null ? null : Math.ceil(wait.seconds);
  const howLong = seconds === null ? 'of a length that nobody can say' : `about ${seconds} s`;
  const why = holderWait ? ` ${holderWait.text}` : '';
  return deviceErrors.problem(
    'device_busy',
    `Workflow ${booking.workflow_id} holds ${id}, and ${othersWait(queue_length)} for it; the wait is ${howLong}.${why} Queue with POST /devices/${id}/queue.`,
    {
      extra: { holder, queue_length, wait, holder_waits: holderWait ?? null },
      ...(seconds === null ? {} : { retryAfter: Math.min(most, Math.max(least, seconds)) }),
    },
  );
}

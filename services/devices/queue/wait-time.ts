import type {
  Booking,
  DeviceView,
  Estimate,
  Priority,
  QueueEntry,
  WaitingEntry,
  WaitingReason,
  WaitTime,
} from '@labwright/contract-devices';
import type { DevicesDeps } from '../deps.ts';
import { loadForecast } from '../estimates/forecast.ts';
import { nothing, toEstimate } from '../estimates/spread.ts';
import { type QueueKey, workAhead } from '../estimates/work.ts';
import { readDevice } from '../instruments/get-device.ts';
import { highestId } from '../rows.ts';
import { findWaiting } from './find-waiting.ts';
import { priorityValues } from './priorities.ts';
import { waitingReasons } from './waiting-reasons.ts';

/** The place that a new entry of this priority would get. */
const newPlace = (priority: Priority): QueueKey => ({
  priority_value: priorityValues[priority],
  queued_at: 'infinity',
  id: highestId,
});

/**
 * How long a workflow still waits for a device: its own entry's wait where it is queued, else that of a new entry
 * of this priority. A workflow that holds the device waits no more (position 0). Throws `device_not_found`.
 */
export async function waitTime(
  deps: DevicesDeps,
  request: { device_id: string; workflow_id?: string; priority?: Priority },
): Promise<WaitTime> {
  const { device_id, workflow_id, priority = 'normal' } = request;
  const { device, ahead } = await deps.db.transaction(
    async (tx) => {
      const [device, waiting] = await Promise.all([
        readDevice(tx, device_id),
        workflow_id === undefined ? undefined : findWaiting(tx, device_id, workflow_id),
      ]);
      return { device, ahead: await workAhead(tx, device_id, waiting ?? newPlace(priority)) };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
  const answer = (position: number, estimate: Estimate, reasons: WaitTime['waiting_reasons']): WaitTime => ({
    device_id,
    workflow_id: workflow_id ?? null,
    position,
    queue_length: device.queue_length,
    estimated_wait_seconds: estimate.seconds,
    estimated_wait_seconds_p90: estimate.seconds_p90,
    estimated_start_at: estimate.at,
    waiting_reasons: reasons,
  });
  if (workflow_id !== undefined && device.booking?.workflow_id === workflow_id)
    return answer(0, { seconds: 0, seconds_p90: 0, at: device.booking.booked_at }, []);
  const forecast = await loadForecast(deps, device, [ahead.work]);
  const estimate = forecast.wait(forecast.of(ahead.work));
  return answer(ahead.entries + 1, estimate, waitingReasons(device, ahead.entries, forecast.holderWait));
}

/** The wait that a new entry of normal priority would have, and what the holder waits for. `device` as it was read a moment ago. */
export async function waitOfNewEntry(
  deps: DevicesDeps,
  device: DeviceView,
): Promise<{ estimate: Estimate; holderWait: WaitingReason | undefined }> {
  const { work } = await workAhead(deps.db, device.id, newPlace('normal'));
  const forecast = await loadForecast(deps, device, [work]);
  return { estimate: forecast.wait(forecast.of(work)), holderWait: forecast.holderWait };
}

/** An entry as the queue shows it. One that was booked has position 0 and nothing to wait for. */
export async function describeEntry(
  deps: DevicesDeps,
  entry: QueueEntry,
  booking: Booking | null,
): Promise<WaitingEntry> {
  if (booking)
    return {
      ...entry,
      position: 0,
      estimate: toEstimate(nothing, deps.clock.now()),
      waiting_reasons: [],
    };
  const { device, ahead } = await deps.db.transaction(
    async (tx) => {
      const [device, ahead] = await Promise.all([
        readDevice(tx, entry.device_id),
        workAhead(tx, entry.device_id, entry),
      ]);
      return { device, ahead };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
  const forecast = await loadForecast(deps, device, [ahead.work]);
  return {
    ...entry,
    position: ahead.entries + 1,
    estimate: forecast.wait(forecast.of(ahead.work)),
    waiting_reasons: waitingReasons(device, ahead.entries, forecast.holderWait),
  };
}

import type { Device, DeviceView, Estimate, WaitingReason } from '@labwright/contract-devices';
import { estimateSeconds } from '@labwright/driver-kit';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { durations } from '../logs/index.ts';
import { loadProgress, operationsOf, remaining } from './holder.ts';
import { loadHolderWaits } from './holder-wait.ts';
import { nothing, type Spread, spread, sum, times, toEstimate } from './spread.ts';
import type { Work } from './work.ts';

/** Of each device the newest 200 bookings that have ended. Index: device_bookings_by_device. */
const bookingLengths = rows(
  'devices.booking_lengths',
  Type.Object({ device_id: Type.String(), median: nullable(Type.Number()), p90: nullable(Type.Number()) }),
  `SELECT d.device_id, l.median, l.p90
   FROM unnest($1::text[]) AS d (device_id)
   CROSS JOIN LATERAL (
     SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90
     FROM (SELECT extract(epoch FROM released_at - booked_at)::float8 AS seconds
           FROM device_bookings WHERE device_id = d.device_id AND status = 'released'
           ORDER BY id DESC LIMIT 200) AS newest
   ) AS l`,
);

/** Seconds for what nobody has measured and no driver knows. */
const unknownSeconds = 60;
/** What nobody has measured may well take half as long again. */
const unmeasuredP90 = 1.5;

/** What the durations of one device are expected to be, as of one moment. */
export interface Forecast {
  /** The time that this work takes. */
  of(work: Work): Spread;
  /** The wait until the holder is done and then all of `ahead`. Null while nobody can say: the device stands, or its holder waits for somebody. */
  wait(ahead: Spread): Estimate;
  /** For whom or what the holder waits, where it does not go on by itself. */
  readonly holderWait: WaitingReason | undefined;
}

/**
 * Reads what estimates for this device need, in a number of queries that does not depend on the length of the
 * queue. `works`: everything that the forecast will be asked for.
 */
export async function loadForecast(
  deps: DevicesDeps,
  device: DeviceView,
  works: readonly Work[],
): Promise<Forecast> {
  const { db, clock } = deps;
  const [progress, holderWaits, usualBooking] = await Promise.all([
    device.booking ? loadProgress(db, device.booking) : null,
    loadHolderWaits(db, device.booking ? [device.id] : []),
    loadUsualBookings(db, [device.id]).then((of) => of(device.id)),
  ]);
  const names = new Set(works.flatMap((work) => [...work.operations.keys()]));
  for (const name of progress ? operationsOf(progress) : []) names.add(name);
  const durationOf = await loadDurations(deps, device, [...names]);
  const now = clock.now();
  const holder = progress ? remaining(progress, now, durationOf, usualBooking) : nothing;
  const holderWait = holderWaits.get(device.id);
  const stands = device.paused || device.status === 'maintenance' || holderWait !== undefined;
  return {
    holderWait,
    of: (work) =>
      sum(
        times(usualBooking, work.undeclared),
        ...[...work.operations].map(([operation, count]) => times(durationOf(operation), count)),
      ),
    wait: (ahead) => toEstimate(sum(holder, ahead), stands ? null : now),
  };
}

/** How long bookings of these devices usually are. */
export async function loadUsualBookings(
  db: Queryable,
  deviceIds: readonly string[],
): Promise<(deviceId: string) => Spread> {
  const found = deviceIds.length === 0 ? [] : await db.query(bookingLengths, [deviceIds]);
  const known = new Map(
    found.flatMap(({ device_id, median, p90 }) =>
      median === null || p90 === null ? [] : [[device_id, spread(median, p90)] as const],
    ),
  );
  return (deviceId) => known.get(deviceId) ?? unmeasured(unknownSeconds);
}

const unmeasured = (seconds: number): Spread => spread(seconds, seconds * unmeasuredP90);

/** Measured durations, else what the driver says is typical for a device with these settings, else a guess. */
export async function loadDurations(
  deps: DevicesDeps,
  device: Pick<Device, 'type' | 'settings'>,
  operations: string[],
): Promise<(operation: string) => Spread> {
  const measured = await durations(deps.db, device.type, operations);
  const model = deps.models.get(device.type);
  const known = new Map(
    operations.map((operation) => {
      const figures = measured.get(operation);
      if (figures) return [operation, spread(figures.median_ms / 1000, figures.p90_ms / 1000)];
      const typical = model && estimateSeconds(model, operation, {}, device.settings);
      return [operation, unmeasured(typical ?? unknownSeconds)];
    }),
  );
  return (operation) => known.get(operation) ?? unmeasured(unknownSeconds);
}

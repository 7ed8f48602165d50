import type { Booking, Device, DeviceOverview } from '@labwright/contract-devices';
import type { DevicesDeps } from '../deps.ts';
import { loadDurations, loadUsualBookings } from '../estimates/forecast.ts';
import { type Progress, remaining } from '../estimates/holder.ts';
import { loadHolderWaits } from '../estimates/holder-wait.ts';
import { nothing, p90Of, type Spread, sum, times, toEstimate } from '../estimates/spread.ts';
import { noWork, type Work } from '../estimates/work.ts';
import { type DeviceFilters, listDevices } from '../instruments/list-devices.ts';
import { doneByHolders, holders, running, waiting, waitingWork } from './statements.ts';

/**
 * One page of the devices, by id, each with its holder, what it does, how many wait, and when it will be free: the same as `GET /devices/{id}`
 * and its wait time say, for all of them at once. The number of queries depends on how many types of device there are, and on nothing else.
 * Throws `invalid_cursor`.
 */
export async function deviceOverview(
  deps: DevicesDeps,
  request: DeviceFilters & { limit: number; cursor?: string },
): Promise<{ devices: DeviceOverview[]; next_cursor: string | null }> {
  const { page, found } = await deps.db.transaction(
    async (tx) => {
      const page = await listDevices(tx, request);
      const ids = [page.devices.map(({ id }) => id)];
      const [held, entries, work, now, done] = await Promise.all([
        tx.query(holders, ids),
        tx.query(waiting, ids),
        tx.query(waitingWork, ids),
        tx.query(running, ids),
        tx.query(doneByHolders, ids),
      ]);
      return { page, found: { held, entries, work, now, done } };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
  const booking = new Map(found.held.map((row) => [row.device_id, row]));
  const queued = new Map(found.entries.map((row) => [row.device_id, row]));
  const current = new Map(found.now.map((row) => [row.device_id, row]));
  const done = Map.groupBy(found.done, (row) => row.device_id);
  const ahead = Map.groupBy(found.work, (row) => row.device_id);

  const durationOf = await durationsOfTypes(deps, page.devices, (device) => [
    ...(booking.get(device.id)?.operations ?? []),
    ...(ahead.get(device.id) ?? []).map(({ operation }) => operation),
    ...(current.has(device.id) ? [current.get(device.id)?.operation ?? ''] : []),
  ]);
  const usualBooking = await loadUsualBookings(
    deps.db,
    page.devices.filter(({ id }) => booking.has(id) || queued.has(id)).map(({ id }) => id),
  );
  const holderWaits = await loadHolderWaits(deps.db, [...booking.keys()]);
  const at = deps.clock.now();

  const devices = page.devices.map((device): DeviceOverview => {
    const held = booking.get(device.id) ?? null;
    const operation = current.get(device.id);
    const finished = done.get(device.id) ?? [];
    const of = durationOf(device);
    const usual = usualBooking(device.id);
    const rest = held ? remaining(progressOf(held, finished, operation), at, of, usual) : nothing;
    const work: Work = {
      operations: new Map((ahead.get(device.id) ?? []).map((row) => [row.operation, row.times])),
      undeclared: queued.get(device.id)?.undeclared ?? noWork.undeclared,
    };
    const queue = sum(
      times(usual, work.undeclared),
      ...[...work.operations].map(([name, count]) => times(of(name), count)),
    );
    const waits = holderWaits.get(device.id) ?? null;
    const stands = device.paused || device.status === 'maintenance' || waits !== null;
    return {
      ...device,
      booking: held,
      queue_length: queued.get(device.id)?.entries ?? 0,
      running: operation
        ? {
            operation: operation.operation,
            started_at: operation.started_at,
            expected_seconds: of(operation.operation).seconds,
            expected_seconds_p90: p90Of(of(operation.operation)),
          }
        : null,
      operations_done: finished.reduce((total, row) => total + row.times, 0),
      holder_waits: waits,
      holder_until: toEstimate(rest, stands ? null : at),
      free: toEstimate(sum(rest, queue), stands ? null : at),
    };
  });
  return { devices, next_cursor: page.next_cursor };
}

function progressOf(
  booking: Booking,
  finished: readonly { operation: string; times: number; last_end: string | null }[],
  current: { operation: string; started_at: string } | undefined,
): Progress {
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

/** Of devices of one type what is measured is the same; what a driver calls typical depends on the settings of each. */
async function durationsOfTypes(
  deps: DevicesDeps,
  devices: readonly Device[],
  operationsOf: (device: Device) => string[],
): Promise<(device: Device) => (operation: string) => Spread> {
  const kind = ({ type, settings }: Device) => `${type} ${JSON.stringify(settings)}`;
  const kinds = Map.groupBy(devices, kind);
  const known = new Map(
    await Promise.all(
      [...kinds].map(async ([name, alike]) => {
        const [device] = alike;
        const operations = [...new Set(alike.flatMap(operationsOf))];
        return [name, device ? await loadDurations(deps, device, operations) : () => nothing] as const;
      }),
    ),
  );
  return (device) => known.get(kind(device)) ?? (() => nothing);
}

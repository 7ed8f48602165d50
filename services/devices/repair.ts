import { recordAudit } from '@labwright/audit';
import { loop } from '@labwright/kernel/lifecycle';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { handOn } from './bookings/hand-on.ts';
import { lockDevice } from './bookings/lock-device.ts';
import type { DevicesDeps } from './deps.ts';
import { deviceEvents } from './feed/events.ts';
import { tellDeviceChanged } from './instruments/device-changed.ts';

/** Each change of ours leaves the three in agreement, so whatever is found here was made by hand. */
const contradictory = rows(
  'devices.find_contradictory',
  Type.Object({ id: Type.String() }),
  `SELECT d.id FROM devices d
   WHERE d.deleted_at IS NULL AND d.status <> 'maintenance' AND d.id > $1
     AND ((d.status = 'busy') <> EXISTS (
            SELECT FROM device_bookings b WHERE b.device_id = d.id AND b.status = 'active')
       OR (d.status = 'available' AND EXISTS (
            SELECT FROM device_queue q WHERE q.device_id = d.id AND q.status = 'queued')))
   ORDER BY d.id LIMIT 100`,
);

/**
 * Invariant 9: puts a status that contradicts the bookings right, and hands free devices to those that wait.
 * Answers the ids of the devices that were mended.
 */
export async function repairDevices(deps: DevicesDeps, signal?: AbortSignal): Promise<string[]> {
  const mended: string[] = [];
  for (let after = ''; !signal?.aborted; ) {
    const found = await deps.db.query(contradictory, [after]);
    for (const { id } of found) {
      if (await repairDevice(deps, id)) mended.push(id);
      after = id;
    }
    if (found.length === 0) break;
  }
  return mended;
}

async function repairDevice(deps: DevicesDeps, deviceId: string): Promise<boolean> {
  const changed = await deps.db.transaction(async (tx) => {
    const { device, booking } = await lockDevice(tx, deviceId, { evenDeleted: true });
    if (device.deleted_at !== null || device.status === 'maintenance') return false;
    const next = await handOn(tx, deviceId);
    const settled = (device.status === 'busy') === (booking !== undefined);
    if (settled && !next) return false;
    await Promise.all([
      tx.execute(tellDeviceChanged, [deviceId]),
      recordAudit(tx, {
        action: 'device.repair',
        subject: `device:${deviceId}`,
        reason: 'its status contradicted its bookings, which somebody had changed by hand',
        before: { status: device.status, workflow_id: booking?.workflow_id ?? null },
      }),
    ]);
    return true;
  });
  if (!changed) return false;
  deps.log.warn({ device_id: deviceId }, 'a device whose status contradicted its bookings was put right');
  deps.announce();
  return true;
}

/** Repairs at once and then every `repairMs`, and forgets events that are older than seven days. */
export function createRepairLoop(deps: DevicesDeps) {
  return loop({
    name: 'device repair',
    idleMs: deps.settings.repairMs,
    log: deps.log,
    work: async (signal) => {
      await repairDevices(deps, signal);
      await deviceEvents.trim(deps.db, signal);
    },
  });
}

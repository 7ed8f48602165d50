import { recordAudit } from '@labwright/audit';
import type { ChangeDeviceRequest, Device } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { handOn } from '../bookings/hand-on.ts';
import { lockDevice } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { tellDeviceChanged } from './device-changed.ts';
import { assertSettings, modelOf } from './driver-model.ts';
import { getDeviceRow } from './get-device.ts';

const change = command(
  'devices.change',
  `UPDATE devices SET status = $2, paused = $3, name = $4, location = $5, settings = $6,
                      settings_revision = settings_revision + $7::integer, updated_at = clock_timestamp()
   WHERE id = $1`,
);

/**
 * Changes a device. Maintenance books nobody, and the holder may finish; a device that comes back from it is
 * handed to its holder or to the first of its queue, in the same transaction. Settings that are given hold from the next operation on, for which
 * the driver is opened anew, also where they are the same as before.
 * Throws `device_not_found`, `validation_failed` (settings).
 */
export async function changeDevice(
  deps: DevicesDeps,
  deviceId: string,
  request: ChangeDeviceRequest,
): Promise<Device> {
  const changed = await deps.db.transaction(async (tx) => {
    const { device } = await lockDevice(tx, deviceId);
    if (request.settings) assertSettings(modelOf(deps, device.type), request.settings);
    const wanted = { ...device, ...request, status: statusAfter(device.status, request.status) };
    const { status, paused, name, location, settings } = wanted;
    const given = request.settings ? 1 : 0;
    await tx.execute(change, [deviceId, status, paused, name, location, JSON.stringify(settings), given]);
    const after = await finish(tx, deviceId);
    await recordAudit(tx, {
      action: 'device.change',
      subject: `device:${deviceId}`,
      before: changeable(device),
      after: changeable(after),
      ...(request.reason ? { reason: request.reason } : {}),
    });
    return after;
  });
  deps.announce();
  return changed;
}

const changeable = ({ status, paused, name, location, settings }: Device) => ({
  status,
  paused,
  name,
  location,
  settings,
});

async function finish(tx: Queryable, deviceId: string): Promise<Device> {
  await Promise.all([handOn(tx, deviceId), tx.execute(tellDeviceChanged, [deviceId])]);
  return getDeviceRow(tx, deviceId);
}

/** Back from maintenance it is free at first, and `handOn` then sees who holds it or waits for it. */
function statusAfter(status: Device['status'], wanted: ChangeDeviceRequest['status']): Device['status'] {
  if (wanted === 'maintenance') return 'maintenance';
  return wanted === 'available' && status === 'maintenance' ? 'available' : status;
}

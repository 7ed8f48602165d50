import { auditContext, recordAudit } from '@labwright/audit';
import { Device } from '@labwright/contract-devices';
import { rows } from '@labwright/kernel/statement';
import { deviceBusy } from '../bookings/device-busy.ts';
import { deviceNotFound, lockDevice } from '../bookings/lock-device.ts';
import { assertNotOperating, findRunning } from '../bookings/running-execution.ts';
import type { DevicesDeps } from '../deps.ts';
import { cancelAll } from '../queue/cancel-entry.ts';
import { deviceColumns } from '../rows.ts';
import { tellDeviceChanged } from './device-changed.ts';
import { getDevice } from './get-device.ts';

const remove = rows(
  'devices.delete',
  Device,
  `UPDATE devices SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()
   WHERE id = $1 RETURNING ${deviceColumns}`,
);

/**
 * Deletes a device that nobody holds; its history stays. Those that wait for it are told by the cancellation of
 * their entries. Throws `device_not_found`, `device_busy`, `device_operating`.
 */
export async function deleteDevice(deps: DevicesDeps, deviceId: string): Promise<Device> {
  const outcome = await deps.db.transaction(async (tx) => {
    const [{ device: before, booking }, running] = await Promise.all([
      lockDevice(tx, deviceId),
      findRunning(tx, deviceId),
    ]);
    if (booking) return { booking };
    assertNotOperating(deviceId, running);
    const [device] = await Promise.all([
      tx.first(remove, [deviceId]),
      tx.first(cancelAll, [deviceId, 'the device was deleted', auditContext()]),
      tx.execute(tellDeviceChanged, [deviceId]),
      recordAudit(tx, { action: 'device.delete', subject: `device:${deviceId}`, before }),
    ]);
    return { device };
  });
  if (outcome.booking) throw await deviceBusy(deps, await getDevice(deps.db, deviceId), outcome.booking);
  if (!outcome.device) throw deviceNotFound(deviceId);
  deps.announce();
  return outcome.device;
}

import { Device, type DeviceView } from '@labwright/contract-devices';
import type { Db, Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { activeBooking, deviceNotFound } from '../bookings/lock-device.ts';
import { deviceColumns } from '../rows.ts';

const find = rows(
  'devices.find',
  Device,
  `SELECT ${deviceColumns} FROM devices WHERE id = $1 AND deleted_at IS NULL`,
);

/** Index only: device_queue_one_waiting. */
const countWaiting = rows(
  'devices.count_waiting',
  Type.Object({ entries: Type.Integer() }),
  `SELECT count(*)::int AS entries FROM device_queue WHERE device_id = $1 AND status = 'queued'`,
);

/** The row of a device that has not been deleted. Throws `device_not_found`. */
export async function getDeviceRow(db: Queryable, deviceId: string): Promise<Device> {
  const device = await db.first(find, [deviceId]);
  if (!device) throw deviceNotFound(deviceId);
  return device;
}

/** The device, who holds it and how many wait, all of one moment. Throws `device_not_found`. */
export function getDevice(db: Db, deviceId: string): Promise<DeviceView> {
  return db.transaction((tx) => readDevice(tx, deviceId), { isolation: 'repeatable read', readOnly: true });
}

/** As `getDevice`, within a transaction: of one moment where that is repeatable read or holds the device's lock. */
export async function readDevice(tx: Queryable, deviceId: string): Promise<DeviceView> {
  const [device, booking, waiting] = await Promise.all([
    getDeviceRow(tx, deviceId),
    tx.first(activeBooking, [deviceId]),
    tx.first(countWaiting, [deviceId]),
  ]);
  return { ...device, booking: booking ?? null, queue_length: waiting?.entries ?? 0 };
}

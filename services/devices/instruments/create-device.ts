import { recordAudit } from '@labwright/audit';
import { type CreateDeviceRequest, Device, deviceErrors } from '@labwright/contract-devices';
import { rows } from '@labwright/kernel/statement';
import type { DevicesDeps } from '../deps.ts';
import { deviceColumns } from '../rows.ts';
import { tellDeviceChanged } from './device-changed.ts';
import { assertSettings, modelOf } from './driver-model.ts';

/** A deleted device may come back under its id; its fencing token goes on from where it was (invariant 2). */
const insert = rows(
  'devices.create',
  Device,
  `INSERT INTO devices AS d (id, name, type, capabilities, nests, location, settings, action_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO UPDATE SET
     name = excluded.name, type = excluded.type, capabilities = excluded.capabilities, nests = excluded.nests,
     location = excluded.location, settings = excluded.settings,
     settings_revision = d.settings_revision + 1, action_id = excluded.action_id,
     status = 'available', paused = false, deleted_at = NULL,
     created_at = clock_timestamp(), updated_at = clock_timestamp()
   WHERE d.deleted_at IS NOT NULL
   RETURNING ${deviceColumns}`,
);

const findMade = rows(
  'devices.find_made_by',
  Device,
  `SELECT ${deviceColumns} FROM devices WHERE id = $1 AND action_id = $2 AND deleted_at IS NULL`,
);

/**
 * Adds a device; what it can do comes from its driver model. `actionId` names the request: asked again after a
 * crash, it finds the device that it made.
 * Throws `unknown_device_type`, `validation_failed` (settings), `device_exists`.
 */
export async function createDevice(
  deps: DevicesDeps,
  request: CreateDeviceRequest,
  actionId: string,
): Promise<Device> {
  const { id, name, type, nests = 1, location = null, settings = {} } = request;
  const model = modelOf(deps, type);
  assertSettings(model, settings);
  const capabilities = [...model.operations.keys()];
  const made = await deps.db.transaction(async (tx) => {
    const row = [id, name, type, capabilities, nests, location, JSON.stringify(settings), actionId];
    const device = await tx.first(insert, row);
    if (device)
      await Promise.all([
        tx.execute(tellDeviceChanged, [id]),
        recordAudit(tx, { action: 'device.create', subject: `device:${id}`, after: device }),
      ]);
    return device;
  });
  if (made) {
    deps.announce();
    return made;
  }
  const earlier = await deps.db.first(findMade, [id, actionId]);
  if (earlier) return earlier;
  throw deviceErrors.problem(
    'device_exists',
    `There is a device ${id} already. Choose another id, or change it with PATCH /devices/${id}.`,
  );
}

import { command } from '@labwright/kernel/statement';

/** The event of a change that no other event tells, written in the transaction of the change. */
export const tellDeviceChanged = command(
  'devices.tell_changed',
  `INSERT INTO events (type, device_id, data)
   SELECT 'device.changed', id, jsonb_build_object('status', status, 'paused', paused, 'deleted', deleted_at IS NOT NULL)
   FROM devices WHERE id = $1`,
);

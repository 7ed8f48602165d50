import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

/** The task of a person for which the holder of a device waits. */
export const PersonWait = Type.Object({
  device_id: Type.String(),
  workflow_id: Type.String(),
  task_id: Type.String(),
  task_title: Type.String(),
});
export type PersonWait = Static<typeof PersonWait>;

/**
 * Of a whole page of devices. An operation that began later shows that the task is done, whatever was told last.
 * Indexes: device_bookings_one_active, execution_logs_by_device.
 */
const personWaits = rows(
  'devices.person_waits',
  PersonWait,
  `SELECT b.device_id, b.workflow_id, b.task_id, b.task_title FROM device_bookings b
   WHERE b.device_id = ANY($1::text[]) AND b.status = 'active' AND b.task_until > clock_timestamp()
     AND NOT EXISTS (SELECT 1 FROM execution_logs l
                     WHERE l.device_id = b.device_id AND l.started_at >= b.task_since AND l.fencing_token = b.fencing_token)`,
);

/** Of these devices, those whose holder waits for a person. */
export async function loadPersonWaits(
  db: Queryable,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, PersonWait>> {
  const found = deviceIds.length === 0 ? [] : await db.query(personWaits, [deviceIds]);
  return new Map(found.map((row) => [row.device_id, row]));
}

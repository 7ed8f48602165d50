import { deviceErrors } from '@labwright/contract-devices';
import { command } from '@labwright/kernel/statement';
import type { DevicesDeps } from '../deps.ts';
import { getDeviceRow } from '../instruments/get-device.ts';

export interface NoteTask {
  device_id: string;
  workflow_id: string;
  booking_id: string;
  task: { id: string; title: string };
  /** How long this is believed; whoever still waits then says so again. */
  for_seconds: number;
}

/** Index: device_bookings_one_active. The same task told again has waited since it was told first. */
const note = command(
  'devices.note_task',
  `UPDATE device_bookings
   SET task_since = CASE WHEN task_id = $4 THEN task_since ELSE clock_timestamp() END,
       task_id = $4, task_title = $5, task_until = clock_timestamp() + make_interval(secs => $6::float8)
   WHERE device_id = $1 AND workflow_id = $2 AND id::text = $3 AND status = 'active'`,
);

/**
 * Notes that the holder of a device waits for a person, for the estimates: nobody can reckon how long that takes. Changes nothing that
 * anybody does with the device. Throws `device_not_found`, and `not_the_holder` where that booking is over.
 */
export async function noteTask(deps: DevicesDeps, request: NoteTask): Promise<void> {
  const { device_id, workflow_id, booking_id, task, for_seconds } = request;
  const values = [device_id, workflow_id, booking_id, task.id, task.title, for_seconds];
  if ((await deps.db.execute(note, values)) > 0) return;
  await getDeviceRow(deps.db, device_id);
  throw deviceErrors.problem(
    'not_the_holder',
    `Workflow ${workflow_id} does not hold ${device_id} under booking ${booking_id}, so nobody waits for its task. Nothing was noted.`,
  );
}

import { deviceErrors, type HolderWait } from '@labwright/contract-devices';
import { command } from '@labwright/kernel/statement';
import type { DevicesDeps } from '../deps.ts';
import { getDeviceRow } from '../instruments/get-device.ts';

export interface NoteWait {
  device_id: string;
  workflow_id: string;
  booking_id: string;
  wait: HolderWait;
  /** How long this is believed; whoever still waits then says so again. */
  for_seconds: number;
}

/** Index: device_bookings_one_active. The same wait told again has lasted since it was told first. */
const note = command(
  'devices.note_wait',
  `UPDATE device_bookings
   SET wait_since = CASE WHEN wait->>'id' = $4::jsonb->>'id' THEN wait_since ELSE clock_timestamp() END,
       wait = $4::jsonb, wait_until = clock_timestamp() + make_interval(secs => $5::float8)
   WHERE device_id = $1 AND workflow_id = $2 AND id::text = $3 AND status = 'active'`,
);

/**
 * Notes that the holder of a device waits for somebody, for the estimates: nobody can reckon how long that takes. Changes nothing that
 * anybody does with the device. Throws `device_not_found`, and `not_the_holder` where that booking is over.
 */
export async function noteWait(deps: DevicesDeps, request: NoteWait): Promise<void> {
  const { device_id, workflow_id, booking_id, wait, for_seconds } = request;
  const values = [device_id, workflow_id, booking_id, JSON.stringify(wait), for_seconds];
  if ((await deps.db.execute(note, values)) > 0) return;
  await getDeviceRow(deps.db, device_id);
  throw deviceErrors.problem(
    'not_the_holder',
    `Workflow ${workflow_id} does not hold ${device_id} under booking ${booking_id}, so nobody waits for what it waits for. Nothing was noted.`,
  );
}

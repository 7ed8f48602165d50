import { recordAudit } from '@labwright/audit';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { tellDeviceChanged } from './instruments/device-changed.ts';

/** More bookings than any device has between a backup and its restore. */
export const furtherTokens = 1_000_000;

/** What belongs to the active booking keeps belonging to it. */
const raiseExecutions = command(
  'devices.raise_tokens_of_executions',
  `UPDATE execution_logs e SET fencing_token = e.fencing_token + $1 FROM device_bookings b
   WHERE b.status = 'active' AND b.device_id = e.device_id AND b.fencing_token = e.fencing_token`,
);
// Their workflows may not have heard of them yet.
const raiseGrants = command(
  'devices.raise_tokens_of_grants',
  `UPDATE events e SET data = jsonb_set(e.data, '{fencing_token}', to_jsonb(b.fencing_token + $1::int)) FROM device_bookings b
   WHERE b.status = 'active' AND e.type = 'booking.granted' AND e.data ->> 'booking_id' = b.id::text`,
);
const raiseBookings = command(
  'devices.raise_tokens_of_bookings',
  `UPDATE device_bookings SET fencing_token = fencing_token + $1 WHERE status = 'active'`,
);
const raiseDevices = command('devices.raise_tokens', 'UPDATE devices SET fencing_token = fencing_token + $1');

// The instrument is asked before it is told anything: it may have been told after the moment of the backup.
const takenForBegun = command(
  'devices.taken_for_begun',
  `UPDATE execution_logs SET drives = 1 WHERE status = 'running' AND drives = 0`,
);

const holdDevices = rows(
  'devices.hold_in_use',
  Type.Object({ id: Type.String() }),
  `UPDATE devices d SET paused = true, updated_at = clock_timestamp()
   WHERE NOT d.paused AND d.deleted_at IS NULL
     AND EXISTS (SELECT FROM device_bookings b WHERE b.device_id = d.id AND b.status = 'active')
   RETURNING d.id`,
);

/**
 * For a restore, before anybody works with the database. Instruments have seen the fencing tokens that were given after the moment of the
 * backup, and refuse lower ones: all tokens rise beyond those. Unless `goOn`, the devices that were in use are paused, since what they did
 * after that moment is on no record here: a person looks first. Answers their ids.
 */
export async function resumeRestoredDevices(
  tx: Queryable,
  { goOn, reason }: { goOn: boolean; reason: string },
): Promise<string[]> {
  await tx.execute(raiseExecutions, [furtherTokens]);
  await tx.execute(raiseGrants, [furtherTokens]);
  await tx.execute(raiseBookings, [furtherTokens]);
  await tx.execute(raiseDevices, [furtherTokens]);
  await tx.execute(takenForBegun);
  if (goOn) return [];
  const held = (await tx.query(holdDevices)).map(({ id }) => id);
  for (const id of held) {
    await tx.execute(tellDeviceChanged, [id]);
    await recordAudit(tx, {
      action: 'device.change',
      subject: `device:${id}`,
      reason,
      before: { paused: false },
      after: { paused: true },
    });
  }
  return held;
}

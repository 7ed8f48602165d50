import { recordAudit } from '@labwright/audit';
import { notificationErrors, type Preferences } from '@labwright/contract-hub/notifications';
import type { Db, Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { defaultHours, isTimeZone } from '../when.ts';
import { hoursOf } from './hours.ts';

const put = command(
  'notifications.preferences.put',
  `INSERT INTO notification_people (person_id, time_zone, quiet_from, quiet_until, digest_at) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (person_id) DO UPDATE SET time_zone = excluded.time_zone, quiet_from = excluded.quiet_from,
     quiet_until = excluded.quiet_until, digest_at = excluded.digest_at, updated_at = clock_timestamp()`,
);

export async function getPreferences(db: Queryable, personId: string): Promise<Preferences> {
  const hours = (await hoursOf(db, [personId])).get(personId) ?? defaultHours;
  const { time_zone, quiet_from, quiet_until, digest_at } = hours;
  const quiet_hours =
    quiet_from === null || quiet_until === null ? null : { from: quiet_from, until: quiet_until };
  return { time_zone, quiet_hours, digest_at };
}

/** Throws `invalid_preferences`. */
export async function putPreferences(db: Db, personId: string, wanted: Preferences): Promise<void> {
  const { time_zone, quiet_hours, digest_at } = wanted;
  if (!isTimeZone(time_zone))
    throw notificationErrors.problem(
      'invalid_preferences',
      `There is no time zone ${time_zone}. Use a name of the IANA database, such as Europe/Berlin.`,
    );
  if (quiet_hours && quiet_hours.from === quiet_hours.until)
    throw notificationErrors.problem(
      'invalid_preferences',
      'Quiet hours that end when they begin are none, or all day: give two different times, or null for none.',
    );
  await db.transaction(async (tx) => {
    const before = await getPreferences(tx, personId);
    await tx.execute(put, [
      personId,
      time_zone,
      quiet_hours?.from ?? null,
      quiet_hours?.until ?? null,
      digest_at,
    ]);
    await recordAudit(tx, {
      action: 'notification_preferences.change',
      subject: `notification_preferences:${personId}`,
      before,
      after: wanted,
    });
  });
}

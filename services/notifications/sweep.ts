import { loop, type Part } from '@labwright/kernel/lifecycle';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { settleEndedJobs } from './delivery/ended-jobs.ts';
import type { NotificationsDeps } from './deps.ts';
import { welcomeEverybody } from './personal/welcome.ts';

const batch = 5_000;

/** Index: notification_events_announced. */
const oldEvents = rows(
  'notifications.sweep.old_events',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM notification_events WHERE announced_at < now() - interval '90 days' ORDER BY announced_at LIMIT 20`,
);
/** Constraint notification_inbox_once. */
const emptyInbox = command(
  'notifications.sweep.inbox',
  `DELETE FROM notification_inbox WHERE event_id = $1 AND person_id IN (
     SELECT person_id FROM notification_inbox WHERE event_id = $1 LIMIT ${batch})`,
);
/** The primary key. */
const dropDeliveries = command(
  'notifications.sweep.deliveries',
  `DELETE FROM notification_deliveries WHERE event_id = $1 AND (person_id, channel) IN (
     SELECT person_id, channel FROM notification_deliveries WHERE event_id = $1 LIMIT ${batch})`,
);
const dropEvent = command('notifications.sweep.event', 'DELETE FROM notification_events WHERE id = $1');
/** Index: notification_digests_due. Its deliveries are as old, and went before it. */
const dropDigests = command(
  'notifications.sweep.digests',
  `DELETE FROM notification_digests g WHERE g.id IN (
     SELECT d.id FROM notification_digests d WHERE d.due_at < now() - interval '93 days'
       AND NOT EXISTS (SELECT FROM notification_deliveries o WHERE o.digest_id = d.id)
     ORDER BY d.due_at LIMIT ${batch})`,
);
/** Index: notification_mail_old. */
const dropMail = command(
  'notifications.sweep.mail',
  `DELETE FROM notification_mail WHERE id IN (
     SELECT id FROM notification_mail WHERE created_at < now() - interval '7 days' ORDER BY created_at LIMIT ${batch})`,
);

/** Deletes what is older than its time, in batches that each commit: events with all that came of them 90 days, captured mail 7. */
export async function sweep({ db }: Pick<NotificationsDeps, 'db'>, signal: AbortSignal): Promise<void> {
  const all = async (work: () => Promise<number>) => {
    while (!signal.aborted && (await work()) === batch);
  };
  for (;;) {
    const events = await db.query(oldEvents);
    for (const { id } of events) {
      await all(() => db.execute(emptyInbox, [id]));
      await all(() => db.execute(dropDeliveries, [id]));
      if (signal.aborted) return;
      await db.execute(dropEvent, [id]);
    }
    if (events.length === 0 || signal.aborted) break;
  }
  await all(() => db.execute(dropDigests));
  await all(() => db.execute(dropMail));
}

/** Every ten minutes; also gives people who are new their first subscriptions, and settles what nobody sends any more. */
export function createSweep(deps: NotificationsDeps): Part {
  return loop({
    name: 'sweep of notifications',
    idleMs: 600_000,
    log: deps.log,
    work: async (signal) => {
      await welcomeEverybody(deps.db, deps.people, signal);
      await settleEndedJobs(deps, signal);
      await sweep(deps, signal);
    },
  });
}

import type { AnnouncedEvent, Announcer } from '@labwright/contract-hub/announce';
import { enqueue } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { kept, oneLine } from '../text.ts';
import { fanOutTask, priorityOf } from './tasks.ts';

const store = command(
  'notifications.announce',
  `INSERT INTO notification_events
     (id, type, severity, title, text, link, device_id, workflow_id, room, recipients, occurred_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
   ON CONFLICT (id) DO NOTHING`,
);

/** More of them are a job for a subscription. */
const mostRecipients = 10_000;
const spelling = /^[a-z][a-z_]{0,39}\.[a-z][a-z_]{0,39}$/;

/** Stores the event and asks for its fan-out, in the caller's transaction. Announced again, it does nothing and answers false. */
export async function announceOnce(tx: Queryable, event: AnnouncedEvent): Promise<boolean> {
  const { id, type, severity, link, subject, recipients, occurred_at } = event;
  if (!spelling.test(type)) throw new Error(`"${type}" is no type of an event: it is written noun.verb.`);
  if (recipients && recipients.length > mostRecipients)
    throw new Error(`An event names at most ${mostRecipients} recipients; let more of them subscribe to it.`);
  const stored = await tx.execute(store, [
    id,
    type,
    severity,
    kept(oneLine(event.title), 300),
    kept(event.text, 10_000),
    link,
    subject.device_id ?? null,
    subject.workflow_id ?? null,
    subject.room ?? null,
    recipients ?? null,
    occurred_at,
  ]);
  if (stored === 0) return false;
  await enqueue(tx, fanOutTask, { event_id: id, after: null }, { priority: priorityOf(severity) });
  return true;
}

export const announcer: Announcer = {
  announce: async (tx, event) => {
    await announceOnce(tx, event);
  },
};

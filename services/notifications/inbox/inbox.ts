import { type Notification, notificationErrors } from '@labwright/contract-hub/notifications';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { decodeCursor, encodeCursor, isBigint } from '../cursors.ts';
import { EventRow, eventColumns, subjectOf } from '../fan-out/event-row.ts';

const Line = Type.Object({
  ...EventRow.properties,
  seq: Type.String(),
  read_at: nullable(Timestamp),
});

const newest = '9223372036854775807';

/** Index: the primary key of notification_inbox, backwards. */
const page = rows(
  'notifications.inbox.page',
  Line,
  `SELECT ${eventColumns}, i.seq, i.read_at FROM notification_inbox i JOIN notification_events e ON e.id = i.event_id
   WHERE i.person_id = $1 AND i.seq < $2 ORDER BY i.seq DESC LIMIT $3`,
);

/** Index: notification_inbox_unread. */
const unreadPage = rows(
  'notifications.inbox.unread_page',
  Line,
  `SELECT ${eventColumns}, i.seq, i.read_at FROM notification_inbox i JOIN notification_events e ON e.id = i.event_id
   WHERE i.person_id = $1 AND i.seq < $2 AND i.read_at IS NULL ORDER BY i.seq DESC LIMIT $3`,
);

/** Counts to 1,000 and no farther. Index: notification_inbox_unread. */
const count = rows(
  'notifications.inbox.unread',
  Type.Object({ unread: Type.Integer() }),
  `SELECT count(*)::int AS unread FROM (
     SELECT FROM notification_inbox WHERE person_id = $1 AND read_at IS NULL LIMIT 1000) AS counted`,
);

export const countUnread = async (db: Queryable, personId: string): Promise<number> =>
  (await db.first(count, [personId]))?.unread ?? 0;

/** One page of somebody's notifications, newest first. Throws `invalid_cursor`. */
export async function listInbox(
  db: Db,
  request: { personId: string; unread: boolean; limit: number; cursor?: string },
): Promise<{ notifications: Notification[]; unread: number; next_cursor: string | null }> {
  const { personId, limit, cursor } = request;
  const before = cursor ? decodeCursor('inbox', cursor, [isBigint])[0] : newest;
  const [found, unread] = await Promise.all([
    db.query(request.unread ? unreadPage : page, [personId, before, limit + 1]),
    countUnread(db, personId),
  ]);
  const lines = found.slice(0, limit);
  const last = lines.at(-1);
  return {
    notifications: lines.map(({ seq: _seq, device_id, workflow_id, room, ...line }) => ({
      ...line,
      subject: subjectOf({ device_id, workflow_id, room }),
    })),
    unread,
    next_cursor: found.length > limit && last ? encodeCursor('inbox', [last.seq]) : null,
  };
}

/** Constraint notification_inbox_once. */
const find = rows(
  'notifications.inbox.find',
  Type.Object({ seq: Type.String() }),
  'SELECT seq FROM notification_inbox WHERE event_id = $1 AND person_id = $2',
);
const readOne = command(
  'notifications.inbox.read_one',
  'UPDATE notification_inbox SET read_at = clock_timestamp() WHERE person_id = $1 AND seq = $2 AND read_at IS NULL',
);
const batch = 5_000;
/** Index: notification_inbox_unread. */
const readSome = command(
  'notifications.inbox.read_some',
  `UPDATE notification_inbox SET read_at = clock_timestamp() WHERE person_id = $1 AND seq IN (
     SELECT seq FROM notification_inbox WHERE person_id = $1 AND read_at IS NULL AND seq <= $2 ORDER BY seq LIMIT ${batch})`,
);

async function place(db: Db, personId: string, eventId: string): Promise<string> {
  const found = await db.first(find, [eventId, personId]);
  if (!found)
    throw notificationErrors.problem(
      'notification_not_found',
      `You have no notification ${eventId}. GET /notifications lists those that you have.`,
    );
  return found.seq;
}

/** Marks one as read; again does nothing. Throws `notification_not_found`. */
export async function markRead(db: Db, personId: string, eventId: string): Promise<void> {
  await db.execute(readOne, [personId, await place(db, personId, eventId)]);
}

/** Marks all as read up to one of them, in batches that each commit. Throws `notification_not_found`. */
export async function markAllRead(db: Db, personId: string, upTo: string | undefined): Promise<void> {
  const last = upTo === undefined ? newest : await place(db, personId, upTo);
  while ((await db.execute(readSome, [personId, last])) === batch);
}

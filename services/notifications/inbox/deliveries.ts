import { Delivery } from '@labwright/contract-hub/notifications';
import { isTimestamp, isUuid } from '@labwright/kernel/cursor';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import type { Static } from 'typebox';
import { decodeCursor, encodeCursor, isWord } from '../cursors.ts';

/** Index: notification_deliveries_person. */
const page = rows(
  'notifications.deliveries.page',
  Delivery,
  `SELECT d.event_id, e.title, d.channel, d.state, d.attempts, d.due_at, d.error, d.created_at, d.ended_at
   FROM notification_deliveries d JOIN notification_events e ON e.id = d.event_id
   WHERE d.person_id = $1 AND d.created_at <= $2::timestamptz
     AND (d.created_at < $2::timestamptz OR (d.event_id, d.channel) > ($3::uuid, $4))
   ORDER BY d.created_at DESC, d.event_id, d.channel LIMIT $5`,
);

const checks = [isTimestamp, isUuid, isWord];
const first = ['infinity', '00000000-0000-0000-0000-000000000000', ''];

/** One page of what was sent to somebody beyond their inbox, newest first, and what became of it. Throws `invalid_cursor`. */
export async function listDeliveries(
  db: Db,
  { personId, limit, cursor }: { personId: string; limit: number; cursor?: string },
): Promise<{ deliveries: Static<typeof Delivery>[]; next_cursor: string | null }> {
  const after = cursor ? decodeCursor('deliveries', cursor, checks) : first;
  const found = await db.query(page, [personId, ...after, limit + 1]);
  const deliveries = found.slice(0, limit);
  const last = deliveries.at(-1);
  const more = found.length > limit && last;
  return {
    deliveries,
    next_cursor: more ? encodeCursor('deliveries', [last.created_at, last.event_id, last.channel]) : null,
  };
}

import { FailedDelivery } from '@labwright/contract-hub/notifications';
import { isText, isTimestamp, isUuid } from '@labwright/kernel/cursor';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import type { Static } from 'typebox';
import { decodeCursor, encodeCursor, isWord } from '../cursors.ts';

/** Index: notification_deliveries_failed. */
const page = rows(
  'notifications.failures.page',
  FailedDelivery,
  `SELECT d.event_id, e.title, d.channel, d.state, d.attempts, d.due_at, d.error, d.created_at, d.ended_at, d.person_id
   FROM notification_deliveries d JOIN notification_events e ON e.id = d.event_id
   WHERE d.state IN ('failed', 'unknown') AND d.ended_at <= $1::timestamptz
     AND (d.ended_at < $1::timestamptz OR (d.event_id, d.person_id, d.channel) > ($2::uuid, $3, $4))
   ORDER BY d.ended_at DESC, d.event_id, d.person_id, d.channel LIMIT $5`,
);

const checks = [isTimestamp, isUuid, isText(/^.{0,200}$/s), isWord];
const first = ['infinity', '00000000-0000-0000-0000-000000000000', '', ''];

/** One page of what did not reach somebody, whoever it is, newest first. Throws `invalid_cursor`. */
export async function listFailures(
  db: Db,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ deliveries: Static<typeof FailedDelivery>[]; next_cursor: string | null }> {
  const after = cursor ? decodeCursor('failures', cursor, checks) : first;
  const found = await db.query(page, [...after, limit + 1]);
  const deliveries = found.slice(0, limit);
  const last = deliveries.at(-1);
  const more = found.length > limit && last;
  return {
    deliveries,
    next_cursor: more
      ? encodeCursor('failures', [last.ended_at, last.event_id, last.person_id, last.channel])
      : null,
  };
}

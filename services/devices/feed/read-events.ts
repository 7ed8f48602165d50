import { DeviceEvent, deviceErrors, type EventPage } from '@labwright/contract-devices';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { isId } from '../rows.ts';

/**
 * The oldest transaction of this database that is still open; where none is, the next one. Not the snapshot's own
 * xmin: that counts transactions of every database of the server, and a long import elsewhere would hold the feed
 * back. Asked for *before* the events are read: whatever ends in between is then seen.
 * `backend_xid` has 32 bits; its distance from the newest one gives the other half.
 */
const openTransactions = rows(
  'devices.open_transactions',
  Type.Object({ next: Type.String(), oldest: Type.String() }),
  `SELECT newest.next::text AS next,
          (newest.next - coalesce(max(running.age) FILTER (WHERE running.age < 2147483648), 0))::text AS oldest
   FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) AS newest
   LEFT JOIN LATERAL (
     SELECT (newest.next - backend_xid::text::bigint) & 4294967295 AS age
     FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL) AS running ON true
   GROUP BY newest.next`,
);

/**
 * Events become visible when their transactions commit, which is not the order of their ids. Therefore they are
 * read by transaction, and only below the oldest one that is still open: nothing can appear behind the cursor.
 * Index: events_feed.
 */
const after = rows(
  'devices.events_after',
  Type.Object({ ...DeviceEvent.properties, xid: Type.String() }),
  `SELECT id, type, device_id, workflow_id, data, at, xid FROM events
   WHERE xid < $3::xid8 AND (xid, id) > ($1::xid8, $2::bigint)
   ORDER BY xid, id
   LIMIT 200`,
);

const beginning = '0:0';
const highestTransaction = 2n ** 64n - 1n;

/**
 * At most 200 events after the cursor, oldest first, and the cursor to go on from. Without a cursor: from the
 * oldest event that is kept. Not within a transaction. Throws `invalid_cursor`.
 */
export async function readEvents(db: Db, cursor: string = beginning): Promise<EventPage> {
  const { xid, id } = parseCursor(cursor);
  const open = await db.first(openTransactions);
  if (!open) throw new Error('the database does not tell its transactions');
  if (BigInt(xid) >= BigInt(open.next)) throw notOurs();
  const found = await db.query(after, [xid, id, open.oldest]);
  const last = found.at(-1);
  return {
    events: found.map(({ xid: _xid, ...event }) => event),
    next_cursor: last ? `${last.xid}:${last.id}` : cursor,
  };
}

function parseCursor(cursor: string): { xid: string; id: string } {
  const [, xid, id] = /^(\d{1,20}):(\d{1,19})$/.exec(cursor) ?? [];
  if (!xid || !id || !isId(id) || BigInt(xid) > highestTransaction)
    throw deviceErrors.problem(
      'invalid_cursor',
      'The cursor is not one of the feed. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin with the oldest event.',
    );
  return { xid, id };
}

/**
 * A cursor from the future comes from another database, for instance from before a backup was restored. Its
 * reader would wait for ever without knowing why.
 */
function notOurs() {
  return deviceErrors.problem(
    'invalid_cursor',
    'The cursor is ahead of the database, which was restored or replaced. Leave it out to begin with the oldest event.',
  );
}

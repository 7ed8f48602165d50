import type { Db, Queryable } from '@labwright/kernel/db';
import type { Problem } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static, type TObject } from 'typebox';

/**
 * The oldest transaction of this database that is still open; where none is, the next one. Not the snapshot's own
 * xmin: that counts transactions of every database of the server, and a long import elsewhere would hold the feed
 * back. Asked for *before* the events are read: whatever ends in between is then seen.
 * `backend_xid` has 32 bits; its distance from the newest one gives the other half.
 */
const openTransactions = rows(
  'feed.open_transactions',
  Type.Object({ next: Type.String(), oldest: Type.String() }),
  `SELECT (epochs.base + newest.next)::text AS next,
          (epochs.base + newest.next - coalesce(max(running.age) FILTER (WHERE running.age < 2147483648), 0))::text AS oldest
   FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) AS newest
   CROSS JOIN (SELECT epoch::bigint << 48 AS base FROM feed_epoch) AS epochs
   LEFT JOIN LATERAL (
     SELECT (newest.next - backend_xid::text::bigint) & 4294967295 AS age
     FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL) AS running ON true
   GROUP BY newest.next, epochs.base`,
);

export interface FeedPage<Event> {
  /** Each with the cursor by which a reader goes on after it. */
  events: (Event & { cursor: string })[];
  /** Where to read on; the same as given where nothing is new. */
  next_cursor: string;
}

/** The table of a feed: see README.md for its columns and indexes. */
export interface FeedTable<Event> {
  /**
   * At most 200 events after the cursor, oldest first, and the cursor to go on from. Without a cursor: from the oldest
   * event that is kept; `now`: none, and the cursor of what is committed from here on. Not within a transaction. Throws what `invalidCursor` makes.
   */
  read(db: Db, cursor?: string): Promise<FeedPage<Event>>;
  /** Deletes the events older than seven days, in batches that each commit; ends early when the signal fires. */
  trim(db: Db, signal: AbortSignal): Promise<number>;
  /**
   * Begins a new epoch where this database was restored from a dump on another server, or as another database, since somebody looked
   * last: before the first event is written. Of several processes one does.
   */
  adoptRestored(db: Queryable): Promise<void>;
}

/** Which server and which of its databases this is. */
const here = `(SELECT system_identifier || ':' || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system())`;

const beginEpoch = command('feed.begin_epoch', `UPDATE feed_epoch SET epoch = epoch + 1, place = ${here}`);

/** For whoever restores a database, before anybody else uses it: what is told from now on comes after all that any reader has ever seen. */
export const beginFeedEpoch = (tx: Queryable): Promise<number> => tx.execute(beginEpoch);

const beginning = '0:0';
const end = 'now';
const highestTransaction = 2n ** 64n - 1n;
const highestId = 2n ** 63n - 1n;
const batch = 5_000;

/** `row`: what an event carries, each member a column of the table. */
export function defineFeed<const S extends TObject>(definition: {
  /** Of the service: `devices`. Begins the names of its statements. */
  name: string;
  /** Default: `events`. */
  table?: string;
  row: S;
  invalidCursor: (detail: string) => Problem;
}): FeedTable<Static<S>> {
  const { name, table = 'events', row, invalidCursor } = definition;
  const columns = Object.keys(row.properties).join(', ');

  // Events become visible when their transactions commit, which is not the order of their ids. Therefore they are
  // read by transaction, and only below the oldest one that is still open: nothing can appear behind the cursor.
  // Index: events_feed, or what the table's is called.
  const after = rows(
    `${name}.events_after`,
    Type.Object({ ...row.properties, id: Type.String(), xid: Type.String() }),
    `SELECT ${columns}, xid FROM ${table}
     WHERE xid < $3::xid8 AND (xid, id) > ($1::xid8, $2::bigint)
     ORDER BY xid, id
     LIMIT 200`,
  );
  // Index: events_at, likewise.
  const trim = command(
    `${name}.trim_events`,
    `DELETE FROM ${table} WHERE id IN (
       SELECT id FROM ${table} WHERE at < clock_timestamp() - interval '7 days' ORDER BY at LIMIT $1)`,
  );
  // Looked at for the first time, events that are ahead of the server tell that they come from another one. Index: events_feed, likewise.
  const adopt = command(
    `${name}.adopt_events`,
    `UPDATE feed_epoch SET place = ${here},
       epoch = epoch + (place IS NOT NULL OR EXISTS (
         SELECT FROM ${table} WHERE xid >= ((epoch::bigint << 48) + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text::xid8))::integer
     WHERE place IS DISTINCT FROM ${here}`,
  );

  const parseCursor = (cursor: string): { xid: string; id: string } => {
    const [, xid, id] = /^(\d{1,20}):(\d{1,19})$/.exec(cursor) ?? [];
    if (!xid || !id || BigInt(id) > highestId || BigInt(xid) > highestTransaction)
      throw invalidCursor(
        'The cursor is not one of the feed. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin with the oldest event.',
      );
    return { xid, id };
  };

  return {
    read: async (db, cursor = beginning) => {
      const { xid, id } = parseCursor(cursor === end ? beginning : cursor);
      const open = await db.first(openTransactions);
      if (!open) throw new Error('the database does not tell its transactions');
      // What those that are still open have written, or will, is yet to come.
      if (cursor === end) return { events: [], next_cursor: `${BigInt(open.oldest) - 1n}:${highestId}` };
      // A cursor from the future comes from another database, for instance from before a backup was restored. Its
      // reader would wait for ever without knowing why.
      if (BigInt(xid) >= BigInt(open.next))
        throw invalidCursor(
          'The cursor is ahead of the database, which was restored or replaced. Leave it out to begin with the oldest event.',
        );
      const found = await db.query(after, [xid, id, open.oldest]);
      const last = found.at(-1);
      return {
        events: found.map(({ xid: from, ...event }) => ({
          ...(event as Static<S>),
          cursor: `${from}:${event.id}`,
        })),
        next_cursor: last ? `${last.xid}:${last.id}` : cursor,
      };
    },
    trim: (db, signal) => inBatches(signal, () => db.execute(trim, [batch])),
    adoptRestored: async (db) => void (await db.execute(adopt)),
  };
}

async function inBatches(signal: AbortSignal, change: () => Promise<number>): Promise<number> {
  let changed = 0;
  while (!signal.aborted) {
    const count = await change();
    changed += count;
    if (count < batch) break;
  }
  return changed;
}

import type { Db } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';

/** Index: events_at. */
const trim = command(
  'devices.trim_events',
  `DELETE FROM events WHERE id IN (
     SELECT id FROM events WHERE at < clock_timestamp() - interval '7 days' ORDER BY at LIMIT $1)`,
);

const batch = 5_000;

/** Deletes the events older than seven days, in batches that each commit; ends early when the signal fires. */
export async function trimEvents(db: Db, signal: AbortSignal): Promise<number> {
  return inBatches(signal, () => db.execute(trim, [batch]));
}

/** Only after a restore: no transaction that this database has seen can be ahead of its newest one. */
const adopt = command(
  'devices.adopt_events',
  `UPDATE events SET xid = pg_current_xact_id() WHERE id IN (
     SELECT id FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) ORDER BY xid, id LIMIT $1)`,
);

/**
 * A restored dump carries the transaction numbers of the database that it was made of. Those that this one has not
 * reached yet would hide their events from readers for a long time: they get the numbers of these transactions, and
 * keep their order.
 */
export async function adoptRestoredEvents(db: Db, signal: AbortSignal): Promise<number> {
  return inBatches(signal, () => db.execute(adopt, [batch]));
}

async function inBatches(signal: AbortSignal, change: () => Promise<number>): Promise<number> {
  let changed = 0;
  while (!signal.aborted) {
    const rows = await change();
    changed += rows;
    if (rows < batch) break;
  }
  return changed;
}

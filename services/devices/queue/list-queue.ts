import { QueueEntry, type WaitingEntry } from '@labwright/contract-devices';
import type { Db, Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor, isTimestamp } from '../cursors.ts';
import type { DevicesDeps } from '../deps.ts';
import { loadForecast } from '../estimates/forecast.ts';
import { nothing, sum } from '../estimates/spread.ts';
import { noWork, type QueueKey, workAhead, workOf } from '../estimates/work.ts';
import { readDevice } from '../instruments/get-device.ts';
import { entryColumns, isId } from '../rows.ts';
import { waitingReasons } from './waiting-reasons.ts';

/** Index: device_queue_order. */
const page = rows(
  'devices.list_queue',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue
   WHERE device_id = $1 AND status = 'queued' AND (priority_value, queued_at, id) > ($2, $3, $4)
   ORDER BY priority_value, queued_at, id
   LIMIT $5`,
);

const beforeAll: QueueKey = { priority_value: -1, queued_at: '-infinity', id: '0' };

/**
 * One page of those that wait for a device, in the order in which they get it, each with its place, its estimate
 * and what it waits for. The number of queries does not depend on the number of entries.
 * Throws `device_not_found`, `invalid_cursor`.
 */
export async function listQueue(
  deps: DevicesDeps,
  request: { device_id: string; limit: number; cursor?: string },
): Promise<{ queue: WaitingEntry[]; next_cursor: string | null }> {
  const { limit } = request;
  const { device, found, ahead } = await readPage(deps.db, request);
  const entries = found.slice(0, limit);
  const works = entries.map((entry) => workOf(entry.operations));
  const forecast = await loadForecast(deps, device, [ahead.work, ...works]);

  let before = forecast.of(ahead.work);
  const queue = entries.map((entry, index) => {
    const estimate = forecast.wait(before);
    before = sum(before, works[index] ? forecast.of(works[index]) : nothing);
    const entriesAhead = ahead.entries + index;
    return {
      ...entry,
      position: entriesAhead + 1,
      estimate,
      waiting_reasons: waitingReasons(device, entriesAhead, forecast.holderWait),
    };
  });
  const last = entries.at(-1);
  const more = found.length > limit && last;
  return {
    queue,
    next_cursor: more ? encodeCursor('queue', [last.priority_value, last.queued_at, last.id]) : null,
  };
}

/** The page, one row more, and what is ahead of it, all of one moment. */
function readPage(db: Db, request: { device_id: string; limit: number; cursor?: string }) {
  const { device_id, limit, cursor } = request;
  const after = cursor ? decodePlace(cursor) : beforeAll;
  return db.transaction(
    async (tx: Queryable) => {
      const [device, found] = await Promise.all([
        readDevice(tx, device_id),
        tx.query(page, [device_id, after.priority_value, after.queued_at, after.id, limit + 1]),
      ]);
      const first = found[0];
      const ahead = cursor && first ? await workAhead(tx, device_id, first) : { entries: 0, work: noWork };
      return { device, found, ahead };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
}

function decodePlace(cursor: string): QueueKey {
  const [priority_value, queued_at, id] = decodeCursor('queue', cursor, [
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 100,
    isTimestamp,
    (value) => typeof value === 'string' && isId(value),
  ]);
  return { priority_value: Number(priority_value), queued_at: String(queued_at), id: String(id) };
}

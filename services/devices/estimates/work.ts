import type { QueueEntry } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** What is to be done: how often each operation, and how many bookings of which nobody said what they do. */
export interface Work {
  readonly operations: ReadonlyMap<string, number>;
  readonly undeclared: number;
}

export const noWork: Work = { operations: new Map(), undeclared: 0 };

/** The place of an entry in its queue. */
export type QueueKey = Pick<QueueEntry, 'priority_value' | 'queued_at' | 'id'>;

/** Index: device_queue_order. Grouped here, so that memory does not grow with the queue. */
const operationsAhead = rows(
  'devices.operations_ahead',
  Type.Object({ operation: Type.String(), times: Type.Integer() }),
  `SELECT operation, count(*)::int AS times
   FROM device_queue, unnest(operations) AS operation
   WHERE device_id = $1 AND status = 'queued' AND (priority_value, queued_at, id) < ($2, $3, $4)
   GROUP BY operation`,
);

const entriesAhead = rows(
  'devices.entries_ahead',
  Type.Object({ entries: Type.Integer(), undeclared: Type.Integer() }),
  `SELECT count(*)::int AS entries, (count(*) FILTER (WHERE operations = '{}'))::int AS undeclared
   FROM device_queue
   WHERE device_id = $1 AND status = 'queued' AND (priority_value, queued_at, id) < ($2, $3, $4)`,
);

/** How many entries wait ahead of this place, and what they mean to do. */
export async function workAhead(
  db: Queryable,
  deviceId: string,
  place: QueueKey,
): Promise<{ entries: number; work: Work }> {
  const values = [deviceId, place.priority_value, place.queued_at, place.id];
  const [operations, counted] = await Promise.all([
    db.query(operationsAhead, values),
    db.first(entriesAhead, values),
  ]);
  return {
    entries: counted?.entries ?? 0,
    work: {
      operations: new Map(operations.map(({ operation, times }) => [operation, times])),
      undeclared: counted?.undeclared ?? 0,
    },
  };
}

/** What one booking or entry means to do. */
export function workOf(operations: readonly string[]): Work {
  if (operations.length === 0) return { operations: new Map(), undeclared: 1 };
  const counts = new Map<string, number>();
  for (const operation of operations) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  return { operations: counts, undeclared: 0 };
}

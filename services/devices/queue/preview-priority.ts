import { type Priority, type PriorityPreview, QueueEntry } from '@labwright/contract-devices';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { loadForecast } from '../estimates/forecast.ts';
import { type Spread, sum } from '../estimates/spread.ts';
import { type QueueKey, type Work, workAhead, workOf } from '../estimates/work.ts';
import { readDevice } from '../instruments/get-device.ts';
import { entryColumns } from '../rows.ts';
import { mustWait } from './find-entry.ts';
import { priorityValues } from './priorities.ts';

/** Others who are shown one by one; how many there are is counted. */
const shown = 100;

/** Index: device_queue_order. Strictly between two places. */
const between = rows(
  'devices.entries_between',
  QueueEntry,
  `SELECT ${entryColumns} FROM device_queue
   WHERE device_id = $1 AND status = 'queued'
     AND (priority_value, queued_at, id) > ($2, $3, $4) AND (priority_value, queued_at, id) < ($5, $6, $7)
   ORDER BY priority_value, queued_at, id LIMIT $8`,
);

const countBetween = rows(
  'devices.count_entries_between',
  Type.Object({ entries: Type.Integer() }),
  `SELECT count(*)::int AS entries FROM device_queue
   WHERE device_id = $1 AND status = 'queued'
     AND (priority_value, queued_at, id) > ($2, $3, $4) AND (priority_value, queued_at, id) < ($5, $6, $7)`,
);

/**
 * What another priority of a waiting entry would mean: where it would stand, and by how much the turn of each that it passes, or lets
 * pass, comes later or earlier. By the same estimates as the queue itself; changes nothing.
 * Throws `device_not_found`, `queue_entry_not_found`, `queue_entry_not_waiting`.
 */
export async function previewPriority(
  deps: DevicesDeps,
  { device_id, entry_id, priority }: { device_id: string; entry_id: string; priority: Priority },
): Promise<PriorityPreview> {
  const read = await deps.db.transaction(
    async (tx) => {
      const device = await readDevice(tx, device_id);
      const entry = await mustWait(tx, device_id, entry_id);
      const there: QueueKey = { ...entry, priority_value: priorityValues[priority] };
      const rises = there.priority_value < entry.priority_value;
      const [first, last] = rises ? [there, entry] : [entry, there];
      const span = [device_id, ...keyOf(first), ...keyOf(last)];
      const [passed, counted, ahead] = await Promise.all([
        tx.query(between, [...span, shown]),
        tx.first(countBetween, span),
        workAhead(tx, device_id, first),
      ]);
      // With all that is passed, shown or not; and with the entry itself, where it is the first of the two.
      const upToLast = await workAhead(tx, device_id, last);
      return { device, entry, rises, passed, ahead, upToLast, count: counted?.entries ?? 0 };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
  const { device, entry, rises, passed, ahead, upToLast, count } = read;
  const own = workOf(entry.operations);
  const far = rises || priority === entry.priority ? upToLast.work : without(upToLast.work, own);
  const works = passed.map(({ operations }) => workOf(operations));
  const forecast = await loadForecast(deps, device, [ahead.work, far, own, ...works]);
  const itself = forecast.of(own);
  const near = { position: ahead.entries + 1, estimate: forecast.wait(forecast.of(ahead.work)) };
  const distant = { position: ahead.entries + count + 1, estimate: forecast.wait(forecast.of(far)) };

  let before: Spread = forecast.of(ahead.work);
  const affected = passed.map((other, index) => {
    const behind = { position: ahead.entries + index + 2, estimate: forecast.wait(sum(before, itself)) };
    const alone = { position: ahead.entries + index + 1, estimate: forecast.wait(before) };
    before = sum(before, forecast.of(works[index] ?? own));
    const [was, will] = rises ? [alone, behind] : [behind, alone];
    return {
      entry_id: other.id,
      workflow_id: other.workflow_id,
      priority: other.priority,
      before: was,
      after: will,
      // Also where nobody can say when the queue moves on: once it does, it is the work of the one that passes.
      delay_seconds: (rises ? 1 : -1) * (Math.round(itself.seconds * 10) / 10),
    };
  });
  return {
    entry,
    priority,
    before: rises ? distant : near,
    after: rises ? near : distant,
    affected_entries: count,
    affected,
  };
}

const keyOf = ({ priority_value, queued_at, id }: QueueKey) => [priority_value, queued_at, id];

/** This work but for that of one entry that is part of it. */
function without(work: Work, part: Work): Work {
  const operations = new Map(work.operations);
  for (const [name, times] of part.operations) operations.set(name, (operations.get(name) ?? 0) - times);
  return { operations, undeclared: work.undeclared - part.undeclared };
}

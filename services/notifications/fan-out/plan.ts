import { enqueue, enqueueMany, type Handler, handle } from '@labwright/jobs';
import { command } from '@labwright/kernel/statement';
import type { NotificationsDeps } from '../deps.ts';
import { findEvent, subjectOf } from './event-row.ts';
import { nextRange } from './recipients.ts';
import { fanOutTask, priorityOf, rangeTask } from './tasks.ts';
import { topicsOf } from './topics.ts';

const finish = command(
  'notifications.fanned_out',
  'UPDATE notification_events SET fanned_out_at = clock_timestamp() WHERE id = $1',
);

/** Ranges that one job plans: its memory and its transaction stay small, however many recipients there are. */
const rangesAtOnce = 100;

/**
 * Cuts the recipients of an event into ranges of 1,000, each a job, and goes on as another job after a hundred of them. The
 * jobs that it makes and its own end are one transaction: whenever it is killed, each range has one job.
 */
export function planHandler(deps: NotificationsDeps): Handler {
  return handle(fanOutTask, async ({ event_id, after: begin }, context) => {
    const event = await findEvent(deps.db, event_id);
    if (!event) return;
    const subject = subjectOf(event);
    const audience = { event_id, named: event.named, topics: topicsOf({ ...event, subject }) };
    const ranges: { args: { event_id: string; after: string; until: string } }[] = [];
    let after = begin ?? '';
    let more = true;
    while (more && ranges.length < rangesAtOnce) {
      context.signal.throwIfAborted();
      const { until } = await nextRange(deps.db, audience, after, null);
      more = until !== null;
      if (until === null) break;
      ranges.push({ args: { event_id, after, until } });
      after = until;
    }
    const priority = priorityOf(event.severity);
    await deps.db.transaction(async (tx) => {
      if (ranges.length > 0) await enqueueMany(tx, rangeTask, ranges, { priority });
      if (more) await enqueue(tx, fanOutTask, { event_id, after }, { priority });
      else await tx.execute(finish, [event_id]);
      if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
    });
  });
}

import type { Person } from '@labwright/contract-hub/people';
import { enqueue, enqueueMany, type Handler, handle } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { sendTaskOn } from '../delivery/tasks.ts';
import type { NotificationsDeps, RemoteChannel } from '../deps.ts';
import { hoursOf } from '../personal/hours.ts';
import { defaultHours, whenToTell } from '../when.ts';
import { type EventRow, findEvent, subjectOf } from './event-row.ts';
import { type Audience, nextRange, type Wish, wishesIn } from './recipients.ts';
import { collect, fillInbox, type NewDelivery, storeDeliveries } from './store.ts';
import { priorityOf, rangeSize, rangeTask } from './tasks.ts';
import { topicsOf } from './topics.ts';

/**
 * Tells an event to the people of one range: what goes into inboxes is there, and what goes elsewhere is a delivery with a job,
 * in the transaction that ends this job. Done again it finds each (event, person, channel) as it is and adds nothing.
 */
export function rangeHandler(deps: NotificationsDeps): Handler {
  return handle(rangeTask, async ({ event_id, after, until }, context) => {
    const event = await findEvent(deps.db, event_id);
    if (!event) return;
    const audience: Audience = {
      event_id,
      named: event.named,
      topics: topicsOf({ ...event, subject: subjectOf(event) }),
    };
    // Others may have subscribed since the range was cut: it stays one of a thousand, and what is left is another job.
    const range = await nextRange(deps.db, audience, after, until);
    const end = range.people === rangeSize && range.until !== null ? range.until : until;
    const wishes = await wishesIn(deps.db, audience, after, end);
    const reached = await peopleOf(deps, wishes);
    const wanted = wishes.filter(({ person_id }) => reached.has(person_id));
    const deliveries = await decide(deps, event, wanted);
    const inboxes = wanted.filter(({ channel }) => channel === 'in_app').map(({ person_id }) => person_id);
    context.signal.throwIfAborted();
    await deps.db.transaction(async (tx) => {
      const work: Promise<unknown>[] = [fillInbox(tx, event_id, inboxes), hand(tx, event, deliveries)];
      if (end !== until)
        work.push(
          enqueue(tx, rangeTask, { event_id, after: end, until }, { priority: priorityOf(event.severity) }),
        );
      await Promise.all(work);
      if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
    });
    // To many at once it would be a flood for whoever carries it; they see it when they look.
    if (deps.live && inboxes.length <= mostLive)
      for (const person of inboxes)
        deps.live.publish(`user:${person}`, {
          type: 'notification',
          data: {
            id: event.id,
            type: event.type,
            severity: event.severity,
            title: event.title,
            link: event.link,
          },
        });
  });
}

const mostLive = 100;

/** Those who are there, and not locked. */
async function peopleOf(deps: NotificationsDeps, wishes: readonly Wish[]): Promise<Map<string, Person>> {
  const ids = [...new Set(wishes.map(({ person_id }) => person_id))];
  const found = ids.length === 0 ? [] : await deps.people.find(ids);
  return new Map(found.filter(({ locked }) => !locked).map((person) => [person.id, person]));
}

async function decide(
  deps: NotificationsDeps,
  event: EventRow,
  wishes: readonly Wish[],
): Promise<NewDelivery[]> {
  const remote = wishes.filter(
    (wish): wish is Wish & { channel: RemoteChannel } => wish.channel !== 'in_app',
  );
  if (remote.length === 0) return [];
  const hours = await hoursOf(deps.db, [...new Set(remote.map(({ person_id }) => person_id))]);
  const now = deps.clock.now();
  return remote.map(({ person_id, channel, digest }) => {
    const { at, collected } = whenToTell(now, hours.get(person_id) ?? defaultHours, event.severity, digest);
    return { event_id: event.id, person_id, channel, due: at, now: at <= now, collected };
  });
}

/** Stores the deliveries, and a job for each that is new; what is collected gets the job of its digest. */
async function hand(tx: Queryable, event: EventRow, deliveries: readonly NewDelivery[]): Promise<void> {
  const collected = deliveries.filter((one) => one.collected);
  if (collected.length > 0) await collect(tx, collected);
  const single = deliveries.filter((one) => !one.collected);
  const groups = Map.groupBy(single, ({ channel, due, now }) => `${channel} ${now ? 'now' : due}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const stored = await storeDeliveries(tx, group);
    if (stored.length === 0) continue;
    await enqueueMany(
      tx,
      sendTaskOn(first.channel),
      stored.map((args) => ({ args })),
      { priority: priorityOf(event.severity), ...(first.now ? {} : { runAt: new Date(first.due) }) },
    );
  }
}

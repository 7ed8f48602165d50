import { enqueue, type Handler, handle, type JobContext } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { NotificationsDeps, RemoteChannel } from '../deps.ts';
import { EventRow, eventColumns } from '../fan-out/event-row.ts';
import { hoursOf } from '../personal/hours.ts';
import { uuidOf } from '../text.ts';
import { defaultHours, whenToTell } from '../when.ts';
import { attempt, type Fate } from './attempt.ts';
import { inHand } from './in-hand.ts';
import { itemOf, recipientOf } from './message.ts';
import { pauseAfter, type SendArgs, sendTaskOn } from './tasks.ts';

const find = rows(
  'notifications.send.find',
  Type.Object({ ...EventRow.properties, due_at: Timestamp }),
  `SELECT ${eventColumns}, d.due_at FROM notification_deliveries d JOIN notification_events e ON e.id = d.event_id
   WHERE d.event_id = $1 AND d.person_id = $2 AND d.channel = $3 AND d.state IN ('pending', 'sending')`,
);

// Committed before anything is handed over: whoever comes after a crash knows that something may have been.
const take = rows(
  'notifications.send.take',
  Type.Object({ doubts: Type.Integer() }),
  `WITH before AS (
     SELECT event_id, person_id, channel, state FROM notification_deliveries
     WHERE event_id = $1 AND person_id = $2 AND channel = $3 AND state IN ('pending', 'sending') FOR UPDATE)
   UPDATE notification_deliveries d
   SET state = 'sending', attempts = attempts + 1, doubts = doubts + (before.state = 'sending')::int FROM before
   WHERE d.event_id = before.event_id AND d.person_id = before.person_id AND d.channel = before.channel
   RETURNING d.doubts`,
);

const settle = command(
  'notifications.send.settle',
  `UPDATE notification_deliveries
   SET state = $4, error = $5, doubts = doubts + $6::int, ended_at = CASE WHEN $4 <> 'pending' THEN clock_timestamp() END
   WHERE event_id = $1 AND person_id = $2 AND channel = $3 AND state = 'sending'`,
);

/** Sends one event to one person by one channel. */
export function sendHandler(deps: NotificationsDeps, name: RemoteChannel): Handler {
  const task = sendTaskOn(name);
  const channel = deps.channels[name];
  const messages = inHand();
  return handle(task, async (args, context) => {
    const key = [args.event_id, args.person_id, args.channel];
    const event = await deps.db.first(find, key);
    if (!event) return;
    const dueMs = Date.parse(event.due_at);
    const item = itemOf(deps, event);
    if (await putOff(deps, name, args, event, context)) return;
    const to = await recipientOf(deps, args.person_id, name);
    const taken = await deps.db.first(take, key);
    if (!taken) return;
    const id = uuidOf('notification', ...key);
    const fate = await messages.handOver(id, () => fateOf(taken.doubts));
    const record = (tx: Queryable, state: string, doubt: boolean) =>
      tx.execute(settle, [...key, state, fate.error, Number(doubt)]);
    if (fate.state === 'again') {
      await record(deps.db, 'pending', fate.doubt);
      messages.recorded(id);
      throw fate.reason;
    }
    if (fate.state !== 'sent')
      deps.log.warn({ ...args, state: fate.state, reason: fate.error }, 'a notification was not delivered');
    await deps.db.transaction(async (tx) => {
      await record(tx, fate.state, false);
      if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
    });
    messages.recorded(id);

    async function fateOf(doubts: number): Promise<Fate> {
      if (typeof to === 'string') return { state: 'failed', error: to };
      return attempt(
        channel,
        {
          id,
          kind: 'single',
          to,
          items: [item],
          more: 0,
        },
        {
          signal: context.signal,
          doubts,
          attempt: context.attempt,
          pauseMs: pauseAfter(task, context.attempt),
          now: deps.clock.now(),
          dueMs,
          keepTryingMs: deps.keepTryingMs,
        },
      );
    }
  });
}

/** A message that was held up, by a rate or a retry, may have come into quiet hours: it waits for their end, as another job. */
async function putOff(
  deps: NotificationsDeps,
  name: RemoteChannel,
  args: SendArgs,
  event: EventRow,
  context: JobContext,
): Promise<boolean> {
  const hours = (await hoursOf(deps.db, [args.person_id])).get(args.person_id) ?? defaultHours;
  const now = deps.clock.now();
  const { at } = whenToTell(now, hours, event.severity, 'none');
  if (at <= now) return false;
  await deps.db.transaction(async (tx) => {
    await enqueue(tx, sendTaskOn(name), args, { runAt: new Date(at) });
    if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
  });
  return true;
}

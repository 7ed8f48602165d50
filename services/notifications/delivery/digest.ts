import { type Handler, handle } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { Item } from '../channels/channel.ts';
import type { NotificationsDeps, RemoteChannel } from '../deps.ts';
import { EventRow, eventColumns } from '../fan-out/event-row.ts';
import { attempt, type Fate } from './attempt.ts';
import { inHand } from './in-hand.ts';
import { itemOf, recipientOf } from './message.ts';
import { digestTaskOn, pauseAfter } from './tasks.ts';

/** Events that one message lists; of the rest it says how many there are. */
const mostListed = 100;

// Closes it: whoever is about to add something holds the row, and we wait for that.
const take = rows(
  'notifications.digest.take',
  Type.Object({ doubts: Type.Integer(), person_id: Type.String(), due_at: Timestamp }),
  `WITH before AS (
     SELECT id, state FROM notification_digests WHERE id = $1 AND state IN ('collecting', 'sending') FOR UPDATE)
   UPDATE notification_digests d SET state = 'sending', doubts = doubts + (before.state = 'sending')::int
   FROM before WHERE d.id = before.id
   RETURNING d.doubts, d.person_id, d.due_at`,
);

// Index: notification_deliveries_digest.
const list = rows(
  'notifications.digest.list',
  EventRow,
  `SELECT ${eventColumns} FROM notification_deliveries d JOIN notification_events e ON e.id = d.event_id
   WHERE d.digest_id = $1 ORDER BY d.created_at, d.event_id LIMIT ${mostListed}`,
);
const count = rows(
  'notifications.digest.count',
  Type.Object({ deliveries: Type.Integer() }),
  'SELECT count(*)::int AS deliveries FROM notification_deliveries WHERE digest_id = $1',
);

const settle = command(
  'notifications.digest.settle',
  `WITH digest AS (UPDATE notification_digests SET state = $2 WHERE id = $1 AND state = 'sending' RETURNING id)
   UPDATE notification_deliveries d SET state = $2, error = $3, attempts = attempts + 1, ended_at = clock_timestamp()
   FROM digest WHERE d.digest_id = digest.id`,
);
const reopen = command(
  'notifications.digest.reopen',
  `UPDATE notification_deliveries SET error = $2, attempts = attempts + 1 WHERE digest_id = $1`,
);
// As long as it is `collecting` it may be sent again; it is past its time, so nothing is added.
const backToCollecting = command(
  'notifications.digest.back',
  `UPDATE notification_digests SET state = 'collecting', doubts = doubts + $2::int WHERE id = $1 AND state = 'sending'`,
);

/** Sends what was collected for one person in one message. */
export function digestHandler(deps: NotificationsDeps, name: RemoteChannel): Handler {
  const task = digestTaskOn(name);
  const channel = deps.channels[name];
  const messages = inHand();
  return handle(task, async ({ digest_id }, context) => {
    const taken = await deps.db.first(take, [digest_id]);
    if (!taken) return;
    const [events, counted, to] = await Promise.all([
      deps.db.query(list, [digest_id]),
      deps.db.first(count, [digest_id]),
      recipientOf(deps, taken.person_id, name),
    ]);
    const [first, ...rest] = events.map((event) => itemOf(deps, event));
    if (!first) return;
    const { doubts } = taken;
    const dueMs = Date.parse(taken.due_at);
    const fate = await messages.handOver(digest_id, () =>
      fateOf([first, ...rest], (counted?.deliveries ?? 0) - events.length),
    );
    if (fate.state === 'again') {
      await deps.db.transaction((tx) =>
        Promise.all([
          tx.execute(reopen, [digest_id, fate.error]),
          tx.execute(backToCollecting, [digest_id, Number(fate.doubt)]),
        ]),
      );
      messages.recorded(digest_id);
      throw fate.reason;
    }
    if (fate.state !== 'sent')
      deps.log.warn({ digest_id, state: fate.state, reason: fate.error }, 'a digest was not delivered');
    await deps.db.transaction(async (tx: Queryable) => {
      await tx.execute(settle, [digest_id, fate.state, fate.error]);
      if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
    });
    messages.recorded(digest_id);

    async function fateOf(items: readonly [Item, ...Item[]], more: number): Promise<Fate> {
      if (typeof to === 'string') return { state: 'failed', error: to };
      return attempt(
        channel,
        { id: digest_id, kind: 'digest', to, items, more },
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

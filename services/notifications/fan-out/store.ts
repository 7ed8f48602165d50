import { enqueueMany } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { digestTaskOn } from '../delivery/tasks.ts';
import type { RemoteChannel } from '../deps.ts';

/** Constraint notification_inbox_once: one event, one person. */
const fill = command(
  'notifications.fill_inbox',
  `INSERT INTO notification_inbox (event_id, person_id) SELECT $1, p.id FROM unnest($2::text[]) AS p (id)
   ON CONFLICT ON CONSTRAINT notification_inbox_once DO NOTHING`,
);

export async function fillInbox(tx: Queryable, eventId: string, people: readonly string[]): Promise<void> {
  if (people.length > 0) await tx.execute(fill, [eventId, people]);
}

export interface NewDelivery {
  event_id: string;
  person_id: string;
  channel: RemoteChannel;
  /** Milliseconds since 1970. */
  due: number;
  /** Due at once. */
  now: boolean;
  collected: boolean;
}

const Key = Type.Object({ event_id: Type.String(), person_id: Type.String(), channel: Type.String() });

const deliver = rows(
  'notifications.store_deliveries',
  Key,
  `INSERT INTO notification_deliveries (event_id, person_id, channel, due_at)
   SELECT $1, p.id, $3, $4 FROM unnest($2::text[]) AS p (id)
   ON CONFLICT (event_id, person_id, channel) DO NOTHING
   RETURNING event_id, person_id, channel`,
);

/** Stores deliveries of one event by one channel at one time; answers those that are new. */
export function storeDeliveries(tx: Queryable, deliveries: readonly NewDelivery[]) {
  const [first] = deliveries;
  if (!first) return Promise.resolve([]);
  return tx.query(deliver, [
    first.event_id,
    deliveries.map(({ person_id }) => person_id),
    first.channel,
    new Date(first.due).toISOString(),
  ]);
}

// A digest that is on its way takes nothing more: the row is locked until we commit, and its job waits for that.
const openDigests = rows(
  'notifications.open_digests',
  Type.Object({
    id: Type.String(),
    person_id: Type.String(),
    channel: Type.String(),
    fresh: Type.Boolean(),
    due_at: Type.String(),
  }),
  `INSERT INTO notification_digests AS d (person_id, channel, due_at)
   SELECT p.person_id, p.channel, p.due_at
   FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS p (person_id, channel, due_at)
   ORDER BY p.person_id COLLATE "C", p.channel, p.due_at
   ON CONFLICT ON CONSTRAINT notification_digests_once DO UPDATE SET due_at = excluded.due_at WHERE d.state = 'collecting'
   RETURNING d.id, d.person_id, d.channel, d.xmax = 0 AS fresh, d.due_at`,
);

const collectInto = command(
  'notifications.collect',
  `INSERT INTO notification_deliveries (event_id, person_id, channel, state, digest_id, due_at)
   SELECT p.event_id, p.person_id, p.channel, 'collected', p.digest_id, p.due_at
   FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
     AS p (event_id, person_id, channel, digest_id, due_at)
   ON CONFLICT (event_id, person_id, channel) DO NOTHING`,
);

/** Adds deliveries to the digests of their people; each digest that is new gets its job. Throws where one is closed already: then try again. */
export async function collect(tx: Queryable, deliveries: readonly NewDelivery[]): Promise<void> {
  const due = deliveries.map((one) => new Date(one.due).toISOString());
  const opened = await tx.query(openDigests, [
    deliveries.map(({ person_id }) => person_id),
    deliveries.map(({ channel }) => channel),
    due,
  ]);
  const digests = new Map(opened.map((digest) => [`${digest.person_id} ${digest.channel}`, digest]));
  const ids = deliveries.map(({ person_id, channel }) => {
    const digest = digests.get(`${person_id} ${channel}`);
    // Our clock is behind the database's, and the digest was sent just now: the next attempt finds a later one.
    if (!digest) throw new Error(`The digest of ${person_id} by ${channel} is closed`);
    return digest.id;
  });
  await tx.execute(collectInto, [
    deliveries.map(({ event_id }) => event_id),
    deliveries.map(({ person_id }) => person_id),
    deliveries.map(({ channel }) => channel),
    ids,
    due,
  ]);
  const fresh = opened.filter((digest) => digest.fresh);
  for (const group of Map.groupBy(fresh, ({ channel, due_at }) => `${channel} ${due_at}`).values()) {
    const [first] = group;
    if (!first) continue;
    await enqueueMany(
      tx,
      digestTaskOn(first.channel as RemoteChannel),
      group.map(({ id }) => ({ args: { digest_id: id } })),
      { runAt: new Date(first.due_at) },
    );
  }
}

import { ChannelName, digests } from '@labwright/contract-hub/notifications';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { rangeSize } from './tasks.ts';

const Range = Type.Object({ until: nullable(Type.String()), people: Type.Integer() });

// For each topic an index-only walk that ends after a range of people. Index: notification_subscriptions_topic.
const ofTopics = rows(
  'notifications.range_of_topics',
  Range,
  `SELECT max(person_id) AS until, count(*)::int AS people FROM (
     SELECT DISTINCT s.person_id FROM unnest($1::text[]) AS t (topic) CROSS JOIN LATERAL (
       SELECT DISTINCT o.person_id FROM notification_subscriptions o
       WHERE o.topic = t.topic AND o.person_id > $2 AND ($3::text IS NULL OR o.person_id <= $3)
       ORDER BY o.person_id LIMIT ${rangeSize}) AS s
     ORDER BY s.person_id LIMIT ${rangeSize}) AS range`,
);

const ofNamed = rows(
  'notifications.range_of_named',
  Range,
  `SELECT max(person_id) AS until, count(*)::int AS people FROM (
     SELECT DISTINCT n.person_id COLLATE "C" AS person_id
     FROM notification_events e CROSS JOIN LATERAL unnest(e.recipients) AS n (person_id)
     WHERE e.id = $1 AND n.person_id > $2 COLLATE "C" AND ($3::text IS NULL OR n.person_id <= $3 COLLATE "C")
     ORDER BY 1 LIMIT ${rangeSize}) AS range`,
);

/** Whom an event is for: those that it names, or those whose subscriptions fit. */
export type Audience = { event_id: string; named: boolean; topics: string[] };

/** The end of the next range after a person, and how many are in it; null and 0 where there is nobody. */
export async function nextRange(
  db: Queryable,
  audience: Audience,
  after: string,
  until: string | null,
): Promise<Static<typeof Range>> {
  const found = audience.named
    ? await db.first(ofNamed, [audience.event_id, after, until])
    : await db.first(ofTopics, [audience.topics, after, until]);
  return found ?? { until: null, people: 0 };
}

const Wish = Type.Object({
  person_id: Type.String(),
  channel: ChannelName,
  digest: Type.Enum(digests),
});
/** By which channel a person wants to hear of an event, and how soon. */
export type Wish = Static<typeof Wish>;

// Where several subscriptions fit, the one that tells soonest counts. Index: notification_subscriptions_topic.
const wishes = rows(
  'notifications.wishes',
  Wish,
  `SELECT s.person_id, s.channel,
          (ARRAY['none', 'hourly', 'daily'])[min(CASE s.digest WHEN 'none' THEN 1 WHEN 'hourly' THEN 2 ELSE 3 END)] AS digest
   FROM unnest($1::text[]) AS t (topic) JOIN notification_subscriptions s ON s.topic = t.topic
   WHERE s.person_id > $2 AND s.person_id <= $3
   GROUP BY s.person_id, s.channel`,
);

const named = rows(
  'notifications.named',
  Type.Object({ person_id: Type.String() }),
  `SELECT DISTINCT n.person_id COLLATE "C" AS person_id
   FROM notification_events e CROSS JOIN LATERAL unnest(e.recipients) AS n (person_id)
   WHERE e.id = $1 AND n.person_id > $2 COLLATE "C" AND n.person_id <= $3 COLLATE "C"`,
);

const wishesOf = rows(
  'notifications.wishes_of',
  Wish,
  `SELECT s.person_id, s.channel,
          (ARRAY['none', 'hourly', 'daily'])[min(CASE s.digest WHEN 'none' THEN 1 WHEN 'hourly' THEN 2 ELSE 3 END)] AS digest
   FROM unnest($1::text[]) AS t (topic) JOIN notification_subscriptions s ON s.topic = t.topic
   WHERE s.person_id = ANY ($2::text[])
   GROUP BY s.person_id, s.channel`,
);

/** What the people of a range want. Those whom an event names find it in their inbox in any case. */
export async function wishesIn(
  db: Queryable,
  audience: Audience,
  after: string,
  until: string,
): Promise<Wish[]> {
  if (!audience.named) return db.query(wishes, [audience.topics, after, until]);
  const people = (await db.query(named, [audience.event_id, after, until])).map(({ person_id }) => person_id);
  const own = await db.query(wishesOf, [audience.topics, people]);
  return [
    ...people.map((person_id): Wish => ({ person_id, channel: 'in_app', digest: 'none' })),
    ...own.filter(({ channel }) => channel !== 'in_app'),
  ];
}

import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { Hours } from '../when.ts';

const find = rows(
  'notifications.hours_of',
  Type.Object({
    person_id: Type.String(),
    time_zone: Type.String(),
    quiet_from: nullable(Type.String()),
    quiet_until: nullable(Type.String()),
    digest_at: Type.String(),
  }),
  `SELECT person_id, time_zone, quiet_from, quiet_until, digest_at FROM notification_people
   WHERE person_id = ANY ($1::text[])`,
);

/** The hours of those of these people, at most 1,000, who gave some. */
export async function hoursOf(db: Queryable, people: readonly string[]): Promise<Map<string, Hours>> {
  const found = await db.query(find, [people]);
  return new Map(found.map(({ person_id, ...hours }) => [person_id, hours]));
}

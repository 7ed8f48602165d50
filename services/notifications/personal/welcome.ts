import type { PeopleApi } from '@labwright/contract-hub/people';
import type { Db } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';

/** What somebody hears of who never chose: in their inbox only. */
const defaults = [
  { event_type: '*', min_severity: 'warning' },
  { event_type: 'workflow.completed', min_severity: 'info' },
  { event_type: 'laboratory.*', min_severity: 'info' },
] as const;

// The row of the person says that they were welcomed: what they delete stays deleted.
const welcome = command(
  'notifications.welcome',
  `WITH person AS (
     INSERT INTO notification_people (person_id) SELECT p.id FROM unnest($1::text[]) AS p (id)
     ORDER BY p.id COLLATE "C" ON CONFLICT (person_id) DO NOTHING RETURNING person_id)
   INSERT INTO notification_subscriptions (id, person_id, channel, event_type, min_severity)
   SELECT gen_random_uuid(), p.person_id, 'in_app', d.event_type, d.min_severity
   FROM person p CROSS JOIN unnest($2::text[], $3::text[]) AS d (event_type, min_severity)
   ON CONFLICT (topic, person_id, channel) DO NOTHING`,
);

/** Gives those of these people, at most 1,000, who are new the default subscriptions. */
export async function welcomePeople(db: Db, people: readonly string[]): Promise<void> {
  await db.execute(welcome, [
    people,
    defaults.map(({ event_type }) => event_type),
    defaults.map(({ min_severity }) => min_severity),
  ]);
}

/** Goes through everybody who has an account. */
export async function welcomeEverybody(db: Db, people: PeopleApi, signal: AbortSignal): Promise<void> {
  for (let after: string | null = null; !signal.aborted; ) {
    const page = await people.page(after, 1_000);
    const last = page.at(-1);
    if (!last) return;
    await welcomePeople(
      db,
      page.map(({ id }) => id),
    );
    after = last.id;
  }
}

/** Whom a process remembers to have welcomed, so that it costs nothing from then on. */
const mostRemembered = 10_000;

/** For whoever comes before we went through everybody. */
export function createWelcome(db: Db): (personId: string) => Promise<void> {
  const seen = new Set<string>();
  return async (personId) => {
    if (seen.has(personId)) return;
    await welcomePeople(db, [personId]);
    if (seen.size >= mostRemembered) seen.clear();
    seen.add(personId);
  };
}

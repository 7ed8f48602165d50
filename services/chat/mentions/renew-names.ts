import type { PeopleApi } from '@labwright/contract-hub/people';
import type { Db, Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { handlesOf } from './handles.ts';

const put = command(
  'chat.put_handles',
  `INSERT INTO chat_handles AS h (handle, principal_id)
   SELECT g.handle, g.principal_id FROM unnest($1::text[], $2::text[]) AS g (handle, principal_id)
   ORDER BY g.handle, g.principal_id
   ON CONFLICT (handle, principal_id) DO UPDATE SET seen_at = clock_timestamp()
   WHERE h.seen_at < clock_timestamp() - interval '10 seconds'`,
);

const now = rows('chat.names_begin', Type.Object({ now: Type.String() }), 'SELECT clock_timestamp() AS now');

const drop = command(
  'chat.drop_handles',
  // The ten seconds within which a name is not marked anew.
  `DELETE FROM chat_handles WHERE seen_at < $1::timestamptz - interval '10 seconds'`,
);

const pageSize = 200;

/** Makes somebody known by name. */
export async function rememberPerson(db: Queryable, person: { id: string; name: string }): Promise<void> {
  await putAll(db, [person]);
}

/** Takes over everybody's names, page by page; those of people who left or are locked are forgotten. */
export async function renewNames(db: Db, people: PeopleApi, signal: AbortSignal): Promise<void> {
  const begun = await db.first(now);
  let after: string | null = null;
  for (;;) {
    const page = await people.page(after, pageSize);
    await putAll(
      db,
      page.filter(({ locked }) => !locked),
    );
    after = page.at(-1)?.id ?? null;
    if (page.length < pageSize || after === null) break;
    if (signal.aborted) return;
  }
  await db.execute(drop, [begun?.now]);
}

async function putAll(
  db: Queryable,
  people: readonly { id: string; name: string; email?: string | null }[],
): Promise<void> {
  const pairs = people.flatMap((person) => handlesOf(person).map((handle) => [handle, person.id] as const));
  if (pairs.length === 0) return;
  await db.execute(put, [pairs.map(([handle]) => handle), pairs.map(([, id]) => id)]);
}

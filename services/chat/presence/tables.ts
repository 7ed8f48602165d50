import { Present } from '@labwright/contract-hub/chat';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { decodeCursor, encodeCursor, isName } from '../cursors.ts';

/** Somebody in a room. */
export interface Place {
  room: string;
  id: string;
  name: string;
}

const PlaceRow = Type.Object({ room: Type.String(), id: Type.String(), name: Type.String() });

/** Whether the lease held until now: else others may have removed the rows of this process. */
const beat = rows(
  'chat.presence_beat',
  Type.Object({ held: Type.Boolean() }),
  `WITH before AS (SELECT alive_until >= now() AS held FROM chat_processes WHERE id = $1)
   INSERT INTO chat_processes (id, alive_until) VALUES ($1, now() + make_interval(secs => $2))
   ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
   RETURNING coalesce((SELECT held FROM before), false) AS held`,
);

/** Sorted, so that two processes that write at once never wait for each other in a circle. */
const come = command(
  'chat.presence_come',
  `INSERT INTO chat_presence (room, principal_id, process_id, principal_name)
   SELECT g.room, g.id, $1, g.name FROM unnest($2::text[], $3::text[], $4::text[]) AS g (room, id, name)
   ORDER BY g.room, g.id
   ON CONFLICT (room, principal_id, process_id) DO UPDATE SET principal_name = excluded.principal_name`,
);

const others = `EXISTS (
     SELECT FROM chat_presence o JOIN chat_processes p ON p.id = o.process_id
     WHERE o.room = gone.room AND o.principal_id = gone.principal_id AND o.process_id <> gone.process_id
       AND p.alive_until > now())`;

/** Those who are there by way of no other process either. */
const go = rows(
  'chat.presence_go',
  PlaceRow,
  `WITH gone AS (
     DELETE FROM chat_presence c USING unnest($2::text[], $3::text[]) AS g (room, id)
     WHERE c.room = g.room AND c.principal_id = g.id AND c.process_id = $1
     RETURNING c.room, c.principal_id, c.process_id, c.principal_name
   )
   SELECT room, principal_id AS id, principal_name AS name FROM gone WHERE NOT ${others}`,
);

/**
 * What processes that died left behind, at most so many rows at a time; index `chat_presence_by_process`. The row of the
 * process is locked: one that shows itself alive in this moment learns that it was given up.
 */
const bury = rows(
  'chat.presence_bury',
  PlaceRow,
  `WITH dead AS MATERIALIZED (
     SELECT id FROM chat_processes WHERE alive_until < now() ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
   ), gone AS (
     DELETE FROM chat_presence c USING (
       SELECT o.room, o.principal_id, o.process_id FROM chat_presence o
       WHERE o.process_id IN (SELECT id FROM dead)
       LIMIT $1 FOR UPDATE SKIP LOCKED
     ) d
     WHERE c.room = d.room AND c.principal_id = d.principal_id AND c.process_id = d.process_id
     RETURNING c.room, c.principal_id, c.process_id, c.principal_name
   )
   SELECT room, principal_id AS id, principal_name AS name FROM gone WHERE NOT ${others}`,
);

const forget = command(
  'chat.presence_forget',
  `DELETE FROM chat_processes p WHERE p.alive_until < now() - interval '1 minute'
   AND NOT EXISTS (SELECT FROM chat_presence c WHERE c.process_id = p.id)`,
);

/** A process that stopped leaves no lease behind. */
const end = command('chat.presence_end', 'UPDATE chat_processes SET alive_until = now() WHERE id = $1');

/** Primary key. */
const page = rows(
  'chat.presence_page',
  Present,
  `SELECT c.principal_id AS id, min(c.principal_name) AS name
   FROM chat_presence c JOIN chat_processes p ON p.id = c.process_id
   WHERE c.room = $1 AND c.principal_id > $2 AND p.alive_until > now()
   GROUP BY c.principal_id ORDER BY c.principal_id LIMIT $3`,
);

const buriedAtOnce = 500;

/** False where others may have taken this process for dead since the last time. */
export async function showAlive(db: Queryable, process: string, leaseMs: number): Promise<boolean> {
  const shown = await db.first(beat, [process, leaseMs / 1_000]);
  return shown?.held ?? false;
}

export const putPlaces = (db: Queryable, process: string, places: readonly Place[]) =>
  db.execute(come, [
    process,
    places.map(({ room }) => room),
    places.map(({ id }) => id),
    places.map(({ name }) => name),
  ]);

export const dropPlaces = (db: Queryable, process: string, places: readonly Place[]): Promise<Place[]> =>
  db.query(go, [process, places.map(({ room }) => room), places.map(({ id }) => id)]);

export const endProcess = (db: Queryable, process: string) => db.execute(end, [process]);

/** Some of those whom dead processes left behind; fewer than asked for at the end. */
export async function buryDead(db: Queryable): Promise<{ left: Place[]; more: boolean }> {
  const left = await db.query(bury, [buriedAtOnce]);
  await db.execute(forget);
  return { left, more: left.length === buriedAtOnce };
}

/** Who is in a room, by id. Throws `invalid_cursor`. */
export async function listPresent(
  db: Queryable,
  { room, limit, cursor }: { room: string; limit: number; cursor?: string | undefined },
): Promise<{ people: Present[]; next_cursor: string | null }> {
  const after = decodeCursor(`present ${room}`, cursor, '', isName);
  const found = await db.query(page, [room, after, limit + 1]);
  const people = found.slice(0, limit);
  const last = people.at(-1);
  const more = found.length > limit && last;
  return { people, next_cursor: more ? encodeCursor(`present ${room}`, last.id) : null };
}

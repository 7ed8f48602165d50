import type { Announcer } from '@labwright/contract-hub/announce';
import { ChatMessage } from '@labwright/contract-hub/chat';
import { type Db, isUniqueViolation, type Queryable } from '@labwright/kernel/db';
import { commonErrors, type Problem } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import { announceMention } from '../mentions/announce-mention.ts';
import { lockRoom, messageColumns } from './message-row.ts';

const openRoom = command(
  'chat.open_room',
  'INSERT INTO chat_rooms (room) VALUES ($1) ON CONFLICT (room) DO NOTHING',
);

/**
 * Numbers and stores those that are not there yet. Behind `lockRoom`, in a statement of its own: what it sees is then as
 * it stands after the lock was had.
 */
const insert = rows(
  'chat.insert_messages',
  ChatMessage,
  `WITH fresh AS (
     SELECT g.*, row_number() OVER (ORDER BY g.place)::int AS n
     FROM jsonb_to_recordset($2::jsonb)
       AS g (place int, id uuid, author_id text, author_name text, text text, mentions jsonb)
     WHERE NOT EXISTS (SELECT FROM chat_messages k WHERE k.id = g.id)
   ), counted AS (
     UPDATE chat_rooms r
     SET last_seq = r.last_seq + f.count, last_change = r.last_change + f.count, updated_at = clock_timestamp()
     FROM (SELECT count(*)::int AS count FROM fresh) f
     WHERE r.room = $1 AND f.count > 0
     RETURNING r.last_seq - f.count AS seq, r.last_change - f.count AS change
   )
   INSERT INTO chat_messages AS m (id, room, seq, change, author_id, author_name, text, mentions)
   SELECT fresh.id, $1, counted.seq + fresh.n, counted.change + fresh.n, fresh.author_id, fresh.author_name, fresh.text,
          ARRAY (SELECT jsonb_array_elements_text(fresh.mentions))
   FROM fresh CROSS JOIN counted
   RETURNING ${messageColumns}`,
);

const findAll = rows(
  'chat.find_messages',
  ChatMessage,
  `SELECT ${messageColumns} FROM chat_messages m WHERE m.id = ANY ($1::uuid[])`,
);

export interface NewMessage {
  id: string;
  author_id: string;
  author_name: string;
  text: string;
  /** Ids of principals. */
  mentions: readonly string[];
}

export interface Written {
  /** Those that this call stored, by `change`. */
  fresh: ChatMessage[];
  /** For each of the given ones, in their order: the message as it is stored, or why it is not. */
  outcomes: (ChatMessage | Problem)[];
}

const mostTries = 4;

/**
 * Stores messages of one room in their order, in one transaction, each once for its id; with them the announcements to
 * whom they mention. Ids must differ.
 */
export async function writeMessages(
  deps: { db: Db; announcer: Announcer | undefined },
  room: string,
  given: readonly NewMessage[],
): Promise<Written> {
  const values = JSON.stringify(given.map((message, place) => ({ place, ...message })));
  for (let tries = 1; ; tries += 1) {
    try {
      return await deps.db.transaction(async (tx) => {
        // Sent together; the second sees what is committed once the first has the lock.
        const [, stored] = await Promise.all([
          tx.execute(lockRoom, [room]),
          tx.query(insert, [room, values]),
        ]);
        if (stored.length === 0) await tx.execute(openRoom, [room]);
        const again = stored.length === 0 ? await retry(tx, room, values) : stored;
        const fresh = again.sort((a, b) => a.change - b.change);
        if (deps.announcer)
          for (const message of fresh)
            await announceMention(deps.announcer, tx, message, message.mentions, message.id);
        return { fresh, outcomes: await outcomesOf(tx, given, fresh, room) };
      });
    } catch (error) {
      // The same id was written to another room in this very moment: next time it is seen.
      if (tries === mostTries || !isUniqueViolation(error, 'chat_messages_pkey')) throw error;
    }
  }
}

/** Nothing was stored: the room was not there yet, or all of them are known. */
async function retry(tx: Queryable, room: string, values: string): Promise<ChatMessage[]> {
  const [, stored] = await Promise.all([tx.execute(lockRoom, [room]), tx.query(insert, [room, values])]);
  return stored;
}

async function outcomesOf(
  tx: Queryable,
  given: readonly NewMessage[],
  fresh: readonly ChatMessage[],
  room: string,
): Promise<(ChatMessage | Problem)[]> {
  const known = new Map(fresh.map((message) => [message.id, message]));
  const missing = given.filter(({ id }) => !known.has(id)).map(({ id }) => id);
  if (missing.length > 0) for (const row of await tx.query(findAll, [missing])) known.set(row.id, row);
  return given.map((message) => {
    const stored = known.get(message.id);
    if (!stored) return commonErrors.problem('internal_error', 'The message was not stored.');
    const same =
      stored.room === room &&
      stored.author_id === message.author_id &&
      (stored.text === message.text || stored.edited_at !== null || stored.deleted_at !== null);
    return same
      ? stored
      : commonErrors.problem(
          'idempotency_key_reused',
          `The id ${message.id} belongs to another message. Send a new one with a new id.`,
        );
  });
}

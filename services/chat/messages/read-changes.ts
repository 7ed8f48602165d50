import { type ChangesAnswer, ChatMessage, changesPage } from '@labwright/contract-hub/chat';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { messageColumns } from './message-row.ts';

/** Index `chat_messages_by_change`. */
const page = rows(
  'chat.read_changes',
  ChatMessage,
  `SELECT ${messageColumns} FROM chat_messages m
   WHERE m.room = $1 AND m.change > $2 ORDER BY m.change LIMIT $3`,
);

/** Primary key. */
const positions = rows(
  'chat.read_positions',
  Type.Object({ room: Type.String(), last_change: Type.Integer() }),
  'SELECT room, last_change FROM chat_rooms WHERE room = ANY ($1::text[])',
);

/**
 * What changed in a room after `after`, oldest first. Numbers become visible in their order, so what one statement sees is
 * all there is up to the last one that it sees; and the newest number of a room always stands at one of its messages.
 */
export async function readChanges(
  db: Queryable,
  { room, after }: { room: string; after: number },
): Promise<ChangesAnswer> {
  const messages = await db.query(page, [room, after, changesPage]);
  return {
    room,
    from: after,
    to: messages.at(-1)?.change ?? after,
    messages,
    more: messages.length === changesPage,
  };
}

/** How far each of these rooms is; 0 where nobody has written yet. */
export async function readPositions(db: Queryable, rooms: readonly string[]): Promise<Map<string, number>> {
  const found = await db.query(positions, [rooms]);
  const known = new Map(found.map(({ room, last_change }) => [room, last_change]));
  return new Map(rooms.map((room) => [room, known.get(room) ?? 0]));
}

import { ChatMessage } from '@labwright/contract-hub/chat';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor, isPlace } from '../cursors.ts';
import { messageColumns } from './message-row.ts';

/** Index `chat_messages_by_seq`, walked backwards. */
const page = rows(
  'chat.list_messages',
  ChatMessage,
  `SELECT ${messageColumns} FROM chat_messages m
   WHERE m.room = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3`,
);

const beyondAll = 2_147_483_647;

/** Newest first. Throws `invalid_cursor`. */
export async function listMessages(
  db: Queryable,
  { room, limit, cursor }: { room: string; limit: number; cursor?: string | undefined },
): Promise<{ messages: ChatMessage[]; next_cursor: string | null }> {
  const before = decodeCursor(`messages ${room}`, cursor, beyondAll, isPlace);
  const messages = await db.query(page, [room, before, limit]);
  const last = messages.at(-1);
  // Places have no gap: the first message of a room has the place 1.
  const more = last !== undefined && last.seq > 1;
  return { messages, next_cursor: more ? encodeCursor(`messages ${room}`, last.seq) : null };
}

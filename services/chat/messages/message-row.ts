import { ChatMessage } from '@labwright/contract-hub/chat';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';

/** Of a statement that names the table `m`. */
export const messageColumns =
  'm.id, m.room, m.seq, m.change, m.author_id, m.author_name, m.text, m.mentions, m.created_at, m.edited_at, m.deleted_at';

/** Whatever takes a number of a room locks its row first; the next one waits until this one is committed. */
export const lockRoom = command('chat.lock_room', 'SELECT FROM chat_rooms WHERE room = $1 FOR NO KEY UPDATE');

const find = rows(
  'chat.find_message',
  ChatMessage,
  `SELECT ${messageColumns} FROM chat_messages m WHERE m.id = $1 AND m.room = $2`,
);

/** Throws `message_not_found`. */
export async function findMessage(db: Queryable, room: string, id: string): Promise<ChatMessage> {
  const found = await db.first(find, [id, room]);
  if (!found)
    throw chatErrors.problem(
      'message_not_found',
      `There is no message ${id} in ${room}. \`GET /chat/rooms/${room}/messages\` lists them.`,
    );
  return found;
}

import { ChatMessage } from '@labwright/contract-hub/chat';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import type { Principal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import type { ChatDeps } from '../deps.ts';
import { announceMention } from '../mentions/announce-mention.ts';
import { findMentioned } from '../mentions/find-mentioned.ts';
import { assertMayWrite } from '../rooms.ts';
import { findMessage, lockRoom, messageColumns } from './message-row.ts';
import { assertInTime } from './rules.ts';

const change = rows(
  'chat.edit_message',
  ChatMessage,
  `WITH counted AS (
     UPDATE chat_rooms SET last_change = last_change + 1, updated_at = clock_timestamp()
     WHERE room = $2 RETURNING last_change
   )
   UPDATE chat_messages m SET text = $3, mentions = $4, edited_at = clock_timestamp(), change = counted.last_change
   FROM counted WHERE m.id = $1 AND m.room = $2
   RETURNING ${messageColumns}`,
);

export interface EditRequest {
  room: string;
  id: string;
  text: string;
  principal: Principal;
  /** Of the announcement to those whom the text names now and did not before. */
  actionId: string;
}

/**
 * Changes the text of one's own message. The same text again changes nothing. Throws `message_not_found`,
 * `not_your_message`, `message_deleted`, `too_late`, `room_forbidden`.
 */
export async function editMessage(deps: ChatDeps, request: EditRequest): Promise<ChatMessage> {
  const { room, id, text, principal } = request;
  assertMayWrite(principal, room);
  const mentions = (await findMentioned(deps.db, text)).filter((other) => other !== principal.id);
  const { message, changed } = await deps.db.transaction(async (tx) => {
    await tx.execute(lockRoom, [room]);
    const before = await findMessage(tx, room, id);
    if (before.author_id !== principal.id)
      throw chatErrors.problem(
        'not_your_message',
        `${before.author_name} wrote this message; nothing was changed.`,
      );
    if (before.deleted_at !== null)
      throw chatErrors.problem('message_deleted', 'The message was deleted; nothing was changed.');
    if (before.text === text) return { message: before, changed: false };
    assertInTime(deps, before, deps.settings.editMs, 'changed');
    const after = await tx.first(change, [id, room, text, mentions]);
    if (!after) throw new Error('A message under the lock of its room has vanished');
    const named = mentions.filter((other) => !before.mentions.includes(other));
    if (deps.announcer) await announceMention(deps.announcer, tx, after, named, request.actionId);
    return { message: after, changed: true };
  });
  if (changed) deps.committed(room, [message]);
  return message;
}

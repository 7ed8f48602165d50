import { recordAudit } from '@labwright/audit';
import { ChatMessage } from '@labwright/contract-hub/chat';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { atLeast, type Principal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import type { ChatDeps } from '../deps.ts';
import { assertMayWrite } from '../rooms.ts';
import { findMessage, lockRoom, messageColumns } from './message-row.ts';
import { assertInTime } from './rules.ts';

const empty = rows(
  'chat.delete_message',
  ChatMessage,
  `WITH counted AS (
     UPDATE chat_rooms SET last_change = last_change + 1, updated_at = clock_timestamp()
     WHERE room = $2 RETURNING last_change
   )
   UPDATE chat_messages m
   SET text = '', mentions = '{}', deleted_at = clock_timestamp(), deleted_by = $3, change = counted.last_change
   FROM counted WHERE m.id = $1 AND m.room = $2
   RETURNING ${messageColumns}`,
);

/**
 * Empties one's own message; an administrator those of others too, however old. Its place stays, so that numbers have no gap
 * and everybody who has it is told. Deleted again, it is answered as it is. Throws `message_not_found`, `not_your_message`,
 * `too_late`, `room_forbidden`.
 */
export async function deleteMessage(
  deps: ChatDeps,
  { room, id, principal }: { room: string; id: string; principal: Principal },
): Promise<ChatMessage> {
  assertMayWrite(principal, room);
  const { message, changed } = await deps.db.transaction(async (tx) => {
    await tx.execute(lockRoom, [room]);
    const before = await findMessage(tx, room, id);
    const admin = atLeast(principal.role, 'admin');
    if (before.author_id !== principal.id && !admin)
      throw chatErrors.problem(
        'not_your_message',
        `${before.author_name} wrote this message; nothing was deleted. An administrator may delete it.`,
      );
    if (before.deleted_at !== null) return { message: before, changed: false };
    if (!admin) assertInTime(deps, before, deps.settings.deleteMs, 'deleted');
    const after = await tx.first(empty, [id, room, principal.id]);
    if (!after) throw new Error('A message under the lock of its room has vanished');
    // What somebody takes back himself is his own affair; what is taken from him is not.
    if (before.author_id !== principal.id)
      await recordAudit(tx, {
        action: 'chat.message_deleted',
        subject: `message:${id}`,
        before: { room, author: before.author_id, text: before.text },
        after: null,
      });
    return { message: after, changed: true };
  });
  if (changed) deps.committed(room, [message]);
  return message;
}

import type { Announcer } from '@labwright/contract-hub/announce';
import type { ChatMessage } from '@labwright/contract-hub/chat';
import type { Queryable } from '@labwright/kernel/db';
import { nameOf, subjectOf } from '../rooms.ts';

const longestExcerpt = 300;

/** Tells these people, in the transaction that stores the message; nobody where there is none. */
export async function announceMention(
  announcer: Announcer,
  tx: Queryable,
  message: ChatMessage,
  recipients: readonly string[],
  eventId: string,
): Promise<void> {
  if (recipients.length === 0) return;
  await announcer.announce(tx, {
    id: eventId,
    type: 'chat.mention',
    severity: 'info',
    title: `${message.author_name} mentioned you in ${nameOf(message.room)}`,
    text: excerpt(message.text),
    link: `/chat/rooms/${message.room}/messages/${message.id}`,
    subject: subjectOf(message.room),
    recipients: [...recipients],
    occurred_at: message.edited_at ?? message.created_at,
  });
}

/** By characters, so that none is cut in two. */
function excerpt(text: string): string {
  const characters = [...text];
  return characters.length <= longestExcerpt ? text : `${characters.slice(0, longestExcerpt - 1).join('')}…`;
}

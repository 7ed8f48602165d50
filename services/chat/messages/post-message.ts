import type { ChatMessage } from '@labwright/contract-hub/chat';
import type { Principal } from '@labwright/kernel/identity';
import type { ChatDeps } from '../deps.ts';
import { findMentioned } from '../mentions/find-mentioned.ts';
import { assertMayWrite } from '../rooms.ts';
import type { MessageWriter } from './message-writer.ts';

export interface PostRequest {
  room: string;
  /** Of the message: asked again with the same one, it is not written again. */
  id: string;
  text: string;
  principal: Principal;
}

/**
 * Writes a message, and tells whom it mentions, in one transaction. Throws `room_forbidden`, `overloaded`, or
 * `idempotency_key_reused` where the id is that of another message.
 */
export async function postMessage(
  deps: ChatDeps,
  writer: MessageWriter,
  { room, id, text, principal }: PostRequest,
): Promise<ChatMessage> {
  assertMayWrite(principal, room);
  // A text without a name keeps its place: only where there is one is anything awaited before it stands in line.
  const mentioned = text.includes('@') ? await findMentioned(deps.db, text) : [];
  return writer.write(room, {
    id: id.toLowerCase(),
    author_id: principal.id,
    author_name: principal.name,
    text,
    mentions: mentioned.filter((other) => other !== principal.id),
  });
}

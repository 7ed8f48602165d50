import type { ChatMessage } from '@labwright/contract-hub/chat';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import type { ChatDeps } from '../deps.ts';

/** Throws `too_late`. */
export function assertInTime(
  deps: Pick<ChatDeps, 'clock'>,
  message: ChatMessage,
  withinMs: number,
  what: 'changed' | 'deleted',
): void {
  if (deps.clock.now() - Date.parse(message.created_at) <= withinMs) return;
  throw chatErrors.problem(
    'too_late',
    `A message can be ${what} for ${Math.round(withinMs / 60_000)} minutes after it was written; this one is older. Nothing was ${what}.`,
  );
}

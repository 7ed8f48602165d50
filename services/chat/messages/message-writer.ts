import type { ChatMessage } from '@labwright/contract-hub/chat';
import { commonErrors, Problem } from '@labwright/kernel/errors';
import type { ChatDeps } from '../deps.ts';
import { type NewMessage, writeMessages } from './write-messages.ts';

export interface MessageWriter {
  /** Resolves once the message is committed. What this process is given for one room is stored in that order. */
  write(room: string, message: NewMessage): Promise<ChatMessage>;
}

interface Waiting {
  message: NewMessage;
  settle: PromiseWithResolvers<ChatMessage>;
}

/**
 * A room takes one transaction after the other, for its row is locked until each is on disk. So while one is under way
 * what comes meanwhile is gathered, and goes into the next one together: the busier a room, the more a transaction carries.
 */
export function createMessageWriter(deps: ChatDeps): MessageWriter {
  const { mostWaiting, mostAtOnce } = deps.settings;
  const rooms = new Map<string, Waiting[]>();

  const drain = async (room: string, waiting: Waiting[]) => {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting, mostAtOnce);
      try {
        const { fresh, outcomes } = await writeMessages(
          deps,
          room,
          batch.map(({ message }) => message),
        );
        if (fresh.length > 0) deps.committed(room, fresh);
        batch.forEach(({ settle }, index) => {
          const outcome = outcomes[index];
          if (!outcome || outcome instanceof Problem) settle.reject(outcome);
          else settle.resolve(outcome);
        });
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
    }
    rooms.delete(room);
  };

  return {
    write: (room, message) => {
      const settle = Promise.withResolvers<ChatMessage>();
      const waiting = rooms.get(room);
      if (waiting && waiting.length >= mostWaiting)
        throw commonErrors.problem(
          'overloaded',
          `${mostWaiting} messages wait to be written to ${room}; this one was not stored. Send it again shortly.`,
          { retryAfter: 1 },
        );
      if (waiting) waiting.push({ message, settle });
      else {
        const own = [{ message, settle }];
        rooms.set(room, own);
        void drain(room, own);
      }
      return settle.promise;
    },
  };
}

/** The first ones, up to one whose id is among them already: it goes next, and finds the first one stored. */
function takeBatch(waiting: Waiting[], most: number): Waiting[] {
  const ids = new Set<string>();
  let size = 0;
  while (size < Math.min(most, waiting.length)) {
    const id = waiting[size]?.message.id.toLowerCase() ?? '';
    if (ids.has(id)) break;
    ids.add(id);
    size += 1;
  }
  return waiting.splice(0, size);
}

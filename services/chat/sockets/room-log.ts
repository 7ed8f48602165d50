import { type ChangesFrame, type ChatMessage, changesPage } from '@labwright/contract-hub/chat';
import type { Log } from '@labwright/kernel/log';

/**
 * One room as this process follows it: hands on every change once, in order, whichever process made it.
 *
 *     a change comes ──it is the next one──► handed on, with all that wait behind it
 *                    ──it is an older one──► dropped
 *                    ──one before it is missing──► it waits `gapMs` for that one, then the table is read
 *
 * Processes tell one another on a best effort, and what they tell may overtake. The table alone is asked where something is
 * missing, once for all sockets of this process.
 */
export interface RoomLog {
  /** Everything up to here was handed on. */
  readonly position: number;
  /** Changes that are committed, in any order. */
  offer(messages: readonly ChatMessage[]): void;
  /** The room is known to have come as far as this. */
  reached(position: number): void;
}

export interface RoomLogOptions {
  room: string;
  position: number;
  log: Log;
  gapMs: number;
  read(after: number): Promise<{ messages: ChatMessage[]; to: number; more: boolean }>;
  /** Synchronous: once it returns, whoever joins begins after it. */
  handOn(frame: ChangesFrame): void;
}

/** Changes that wait for one before them; beyond that the table has them all the same. */
const mostWaiting = 1_000;

export function createRoomLog(options: RoomLogOptions): RoomLog {
  const { room, handOn, log } = options;
  const waiting = new Map<number, ChatMessage>();
  let { position } = options;
  let known = position;
  let reading = false;
  let timer: NodeJS.Timeout | undefined;

  const tell = (messages: ChatMessage[], to: number) => {
    const from = position;
    position = to;
    handOn({ room, from, to, messages });
  };

  /** Hands on whatever is next, in frames of a bounded size. */
  const advance = () => {
    for (;;) {
      const run: ChatMessage[] = [];
      let next = waiting.get(position + 1);
      while (next && run.length < changesPage) {
        run.push(next);
        waiting.delete(next.change);
        next = waiting.get(position + run.length + 1);
      }
      if (run.length === 0) break;
      tell(run, position + run.length);
    }
    if (waiting.size > 0) for (const change of waiting.keys()) if (change <= position) waiting.delete(change);
    if (known <= position) return void clearTimer();
    timer ??= setTimeout(() => {
      timer = undefined;
      void readOn();
    }, options.gapMs).unref();
  };

  const clearTimer = () => {
    clearTimeout(timer);
    timer = undefined;
  };

  const readOn = async () => {
    if (reading || known <= position) return;
    reading = true;
    try {
      for (let more = true; more; ) {
        const page = await options.read(position);
        more = page.more;
        // Meanwhile some of it may have come by itself.
        const fresh = page.messages.filter(({ change }) => change > position);
        if (page.to > position) tell(fresh, page.to);
      }
    } catch (error) {
      // The next look at the room tries again.
      log.warn({ err: error, room }, 'the changes of a room cannot be read');
      return;
    } finally {
      reading = false;
    }
    // What the table does not have is not committed, whatever was said.
    known = Math.max(position, ...waiting.keys());
    advance();
  };

  return {
    get position() {
      return position;
    },
    offer: (messages) => {
      for (const message of messages) {
        if (message.change <= position) continue;
        known = Math.max(known, message.change);
        if (waiting.size < mostWaiting) waiting.set(message.change, message);
      }
      advance();
    },
    reached: (to) => {
      if (to <= position) return;
      known = Math.max(known, to);
      clearTimer();
      void readOn();
    },
  };
}

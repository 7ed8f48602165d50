import type { Clock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import type { FeedPage, FeedTable } from './events.ts';

/** The feed of events with readers that wait. */
export interface Feed<Event> {
  /**
   * The events after the cursor; waits up to `wait_seconds` for the first one. Ends early, with what is there,
   * when the signal fires or the feed stops. Throws as `FeedTable.read`.
   */
  read(request: { cursor?: string; wait_seconds: number; signal?: AbortSignal }): Promise<FeedPage<Event>>;
  /** Wakes the readers of this process: an event was committed. */
  announce(): void;
  /** Lets every reader go. */
  stop(): void;
}

/**
 * Readers look when they are woken, and every `pollMs`: events of other processes, and those that were held back
 * by an older open transaction, come without a call.
 */
export function createFeed<Event>(
  table: FeedTable<Event>,
  db: Db,
  clock: Clock,
  pollMs: number,
): Feed<Event> {
  const stopped = new AbortController();
  let announcements = 0;
  let waiting = new Set<() => void>();

  /** Resolves at the next announcement, after `ms`, or when one of the signals fires. */
  const pause = async (ms: number, signal: AbortSignal | undefined) => {
    const woken = new AbortController();
    const wake = () => woken.abort();
    waiting.add(wake);
    signal?.addEventListener('abort', wake, { once: true });
    try {
      await clock.sleep(ms, woken.signal);
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      waiting.delete(wake);
      signal?.removeEventListener('abort', wake);
    }
  };

  return {
    read: async ({ cursor, wait_seconds, signal }) => {
      const until = clock.now() + wait_seconds * 1000;
      for (let at = cursor; ; ) {
        const seen = announcements;
        const page = await table.read(db, at);
        at = page.next_cursor;
        const left = until - clock.now();
        if (page.events.length > 0 || left <= 0 || stopped.signal.aborted || signal?.aborted) return page;
        if (seen === announcements) await pause(Math.min(left, pollMs), signal);
      }
    },
    announce: () => {
      announcements += 1;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    stop: () => {
      stopped.abort();
      for (const wake of waiting) wake();
    },
  };
}

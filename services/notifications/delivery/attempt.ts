import { RetryAt } from '@labwright/jobs';
import {
  type Message,
  type NotificationChannel,
  TryLater,
  Uncertain,
  Undeliverable,
} from '../channels/channel.ts';
import { kept } from '../text.ts';

/** What became of one attempt to send a message. */
export type Fate =
  | { state: 'sent'; error: null }
  | { state: 'failed' | 'unknown'; error: string }
  /** It is sent again by its job, for this `reason`; `doubt`: it may have been taken all the same. */
  | { state: 'again'; error: string; reason: Error; doubt: boolean };

/**
 * Times that a message is handed over without an answer, by a channel whose other side does not know a message that comes again. A server that takes every
 * mail and never says so would otherwise fill a mailbox.
 */
const mostDoubts = 3;

/** Attempts that a message has in any case, an hour's worth: it may be late because this laboratory was away. */
const fewestAttempts = 10;

/**
 * Hands a message to a channel. `doubts`: how often it was handed over before and nobody knows what became of it. What is not taken is tried again
 * `pauseMs` later, until it has been due for `keepTryingMs`. Never rejects.
 */
export async function attempt(
  channel: NotificationChannel,
  message: Omit<Message, 'again'>,
  given: {
    signal: AbortSignal;
    doubts: number;
    /** This one, from 1. */
    attempt: number;
    pauseMs: number;
    now: number;
    dueMs: number;
    keepTryingMs: number;
  },
): Promise<Fate> {
  const { signal, doubts, now, dueMs, keepTryingMs } = given;
  if (!channel.repeatable && doubts >= mostDoubts) return { state: 'unknown', error: inDoubt };
  try {
    await channel.send({ ...message, again: doubts > 0 }, signal);
    return { state: 'sent', error: null };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown : new Error(String(thrown));
    const error = kept(reason.message, 1_000);
    const doubt = reason instanceof Uncertain;
    if (reason instanceof Undeliverable) return { state: 'failed', error };
    const at = now + (reason instanceof TryLater ? reason.afterMs : given.pauseMs);
    const last = at > dueMs + keepTryingMs && given.attempt >= fewestAttempts;
    if (doubt && (last || (!channel.repeatable && doubts + 1 >= mostDoubts)))
      return { state: 'unknown', error };
    if (last)
      return {
        state: 'failed',
        error: kept(`It was not taken in ${given.attempt} attempts, and its time is over: ${error}`, 1_000),
      };
    return { state: 'again', error, doubt, reason: new RetryAt(new Date(at), error) };
  }
}

const inDoubt = `It was handed over ${mostDoubts} times without an answer. It may have arrived, and is not sent again.`;

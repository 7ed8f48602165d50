import type { Severity } from '@labwright/contract-hub/announce';

/** One event, as a message tells it. */
export interface Item {
  event_id: string;
  type: string;
  severity: Severity;
  /** One line. */
  title: string;
  text: string;
  /** A whole address. */
  link: string | null;
  subject: { device_id?: string; workflow_id?: string; room?: string };
  /** ISO 8601. */
  occurred_at: string;
}

/** What one person is told at one time. */
export interface Message {
  /** A UUID, the same at each attempt: by it the other side knows a message that comes again. */
  id: string;
  kind: 'single' | 'digest' | 'test';
  to: {
    person_id: string;
    name: string;
    /** A mail address or a URL. */
    address: string;
    /** Signs what is sent, where the channel signs. */
    secret: string | null;
  };
  /** At least one; oldest first. */
  items: readonly [Item, ...Item[]];
  /** Events of a digest beyond those that are listed. */
  more: number;
  /** It was handed over before, and nobody knows whether it was taken. */
  again: boolean;
}

/**
 * A way to reach people. A message that `send` resolved for has been taken by the other side. It rejects with
 * - `Undeliverable`: this message will never be taken, whoever asks again;
 * - `Uncertain`: it was handed over, and nobody knows whether it was taken;
 * - `TryLater`: not before a time that the other side named;
 * - anything else: it was not taken, and may be sent again.
 */
export interface NotificationChannel {
  readonly name: string;
  /**
   * A message that is sent twice with one id arrives once. Where nobody knows what became of a message it is sent again in any case; by a channel that is
   * not repeatable it then says that it may have come before, and is not sent a fourth time.
   */
  readonly repeatable: boolean;
  /** Throws a sentence about what is wrong with an address that a person gives. Only of channels that need one. */
  checkAddress?(address: string): void;
  /** Ends soon after the signal fires. */
  send(message: Message, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}

export class Uncertain extends Error {
  override readonly name = 'Uncertain';
}

export class TryLater extends Error {
  override readonly name = 'TryLater';
  /** Milliseconds from now. */
  readonly afterMs: number;
  constructor(afterMs: number, message: string) {
    super(message);
    this.afterMs = afterMs;
  }
}

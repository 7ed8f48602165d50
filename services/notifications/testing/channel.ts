import type { Message, NotificationChannel } from '../channels/channel.ts';

export interface TestChannel extends NotificationChannel {
  /** What it took. */
  readonly sent: Message[];
  /** Asked before each message: throws where that is not taken. */
  onSend: (message: Message, signal: AbortSignal) => Promise<void> | void;
}

/** A channel that keeps what it is given, and fails as a test wants. */
export function testChannel(name: string, repeatable = true): TestChannel {
  const sent: Message[] = [];
  const channel: TestChannel = {
    name,
    repeatable,
    sent,
    onSend: () => {},
    send: async (message, signal) => {
      await channel.onSend(message, signal);
      sent.push(message);
    },
    stop: async () => {},
  };
  return channel;
}

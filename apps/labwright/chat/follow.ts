import type { ChatMessage } from '@labwright/contract-hub/chat';
import type { Terminal } from '../command-line/terminal.ts';
import { bearer, type Service } from '../lab/service.ts';
import { messageText } from './show.ts';

export interface Following {
  room: string;
  /** The newest ones, oldest first. */
  found: readonly ChatMessage[];
  /** How many of them are shown. */
  shown: number;
  asJson: boolean;
  signal?: AbortSignal;
}

/**
 * Goes on with what is written in a room, edited and deleted, each change once, whatever becomes of the connection. What was written
 * before the first message that is shown stays out, also where somebody edits it. Ends with its signal, or with the process.
 */
export async function followRoom(hub: Service, following: Following, terminal: Terminal): Promise<number> {
  const { room, found, shown, asJson, signal } = following;
  const show = (message: ChatMessage) =>
    terminal.say(asJson ? `${JSON.stringify(message)}\n` : messageText(message, terminal));
  const begun = found.slice(found.length - shown);
  for (const message of begun) show(message);
  const from = begun[0]?.seq ?? (found.at(-1)?.seq ?? 0) + 1;
  const seen = found.reduce((most, { change }) => Math.max(most, change), 0);

  const { connectChat } = await import('@labwright/contract-hub/chat-client');
  let away = false;
  const headers = async () => bearer(await hub.token(false));
  const client = connectChat({
    url: hub.url,
    headers: await headers(),
    renewHeaders: headers,
    onChanges: (_room, messages) => {
      for (const message of messages) if (message.seq >= from) show(message);
    },
    onConnection: (connected) => {
      if (!connected && !away && !signal?.aborted)
        terminal.tell(`The connection to ${hub.name} at ${hub.url} is not there. Trying again …\n`);
      away = !connected;
    },
    onBye: ({ detail }) => terminal.tell(`${detail}\n`),
  });
  try {
    await Promise.race([client.follow(room, seen), aborted(signal)]);
    await aborted(signal);
  } finally {
    client.close();
  }
  return 0;
}

const aborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });

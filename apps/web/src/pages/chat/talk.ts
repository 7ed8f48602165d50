import type { ChatMessage } from '@labwright/contract-hub/chat';

/** Every message of a room that is known, each as its newest change left it. */
export type Known = ReadonlyMap<string, ChatMessage>;

/** Pages and changes come in any order, and again: what is newer counts. */
export function putIn(known: Known, messages: readonly ChatMessage[]): Known {
  const next = new Map(known);
  for (const message of messages) {
    const before = next.get(message.id);
    if (!before || before.change < message.change) next.set(message.id, message);
  }
  return next;
}

/**
 * What is shown, oldest first. A change of a message that lies before the oldest page is kept, and shown once that page is there: its
 * neighbours would be missing. `floor`: the place of the oldest message read.
 */
export const shown = (known: Known, floor: number): ChatMessage[] =>
  [...known.values()].filter(({ seq }) => seq >= floor).sort((one, other) => one.seq - other.seq);

/** After this change the talk is followed: the newest one that the first page has. */
export const newestChange = (messages: readonly ChatMessage[]): number =>
  Math.max(0, ...messages.map(({ change }) => change));

/** A text in parts: those that name somebody apart. */
export function partsOf(text: string): { readonly text: string; readonly mention: boolean }[] {
  return text
    .split(/((?<![\p{L}\p{N}_.@-])@[\p{L}\p{N}_.-]*[\p{L}\p{N}_-])/u)
    .map((part, index) => ({ text: part, mention: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}

/** As people are named in a text: `@ada.lovelace`. */
export const handleOf = (name: string) => `@${name.trim().toLowerCase().replace(/\s+/g, '.')}`;

const minuteMs = 60_000;

/** For 15 minutes, their author. */
export const mayEdit = (message: ChatMessage, who: string, now: number) =>
  message.deleted_at === null &&
  message.author_id === who &&
  now - Date.parse(message.created_at) < 15 * minuteMs;

/** For a day, their author; an administrator always. */
export const mayDelete = (message: ChatMessage, who: string, admin: boolean, now: number) =>
  message.deleted_at === null &&
  (admin || (message.author_id === who && now - Date.parse(message.created_at) < 24 * 60 * minuteMs));

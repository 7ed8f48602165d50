import type { ChatMessage, Tells } from '@labwright/contract-hub/chat';
import type { ChatClient } from '@labwright/contract-hub/chat-client';
import { patiently } from '../load.ts';

/** `starting`: not connected yet, and nothing is wrong. `offline`: it was lost, and is tried again. */
export type ConnectionState = 'starting' | 'live' | 'offline';
export type LiveEvent = Tells['live'];

/** What somebody who follows the talk of a room is told. */
export interface TalkListener {
  /** Everything after the last change seen, in order; a message that was edited or deleted comes again. */
  onChanges(messages: readonly ChatMessage[]): void;
  onTyping?(typing: Tells['typing']): void;
  onPresence?(presence: Tells['presence']): void;
  /** The server knows less than was seen: begin anew. */
  onReset?(): void;
}

/** A short hiccup is no news. */
const offlineAfterMs = 1_500;

/**
 * The one connection of these pages to the hub. It comes back by itself; whoever watches a room is told of its events, and that
 * some may have been missed (`onStale`: after each connection), for live events have no past. What is sent is of `person`, or of nobody: cookies are
 * of the whole browser, and another page may have signed somebody else in.
 */
export function openConnection(url: string, person: string) {
  const rooms = new Map<string, Set<(event: LiveEvent) => void>>();
  const talks = new Map<string, Set<TalkListener>>();
  const staleListeners = new Set<(room: string) => void>();
  const stateListeners = new Set<() => void>();
  let state: ConnectionState = 'starting';
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lostAt = 0;
  let client: Promise<ChatClient> | undefined;

  const turn = (next: ConnectionState) => {
    clearTimeout(timer);
    timer = undefined;
    if (state === next) return;
    state = next;
    for (const listener of stateListeners) listener();
  };

  // Loaded on demand: the first picture does not wait for it.
  const connect = () => {
    client ??= patiently(() => import('@labwright/contract-hub/chat-client')).then(({ connectChat }) =>
      connectChat({
        url,
        as: person,
        onConnection: (connected) => {
          if (connected) turn('live');
          else if (state !== 'offline' && timer === undefined) {
            lostAt = Date.now();
            timer = setTimeout(() => turn('offline'), offlineAfterMs);
          }
        },
        onLive: (event) => {
          for (const handler of rooms.get(event.room) ?? []) handler(event);
        },
        onStale: (room) => {
          for (const listener of staleListeners) listener(room);
        },
        onChanges: (room, messages) => {
          for (const { onChanges } of talks.get(room) ?? []) onChanges(messages);
        },
        onTyping: (typing) => {
          for (const { onTyping } of talks.get(typing.room) ?? []) onTyping?.(typing);
        },
        onPresence: (presence) => {
          for (const { onPresence } of talks.get(presence.room) ?? []) onPresence?.(presence);
        },
        onReset: (room) => {
          for (const { onReset } of talks.get(room) ?? []) onReset?.();
        },
      }),
    );
    return client;
  };

  return {
    /** Until the function that it answers is called. */
    watch(room: string, handler: (event: LiveEvent) => void): () => void {
      const handlers = rooms.get(room) ?? new Set();
      rooms.set(room, handlers);
      handlers.add(handler);
      if (handlers.size === 1)
        void connect().then((it) => {
          if (rooms.get(room) === handlers) it.watch(room);
        });
      return () => {
        handlers.delete(handler);
        if (handlers.size > 0 || rooms.get(room) !== handlers) return;
        rooms.delete(room);
        void client?.then((it) => {
          if (!rooms.has(room)) it.unwatch(room);
        });
      };
    },
    /** The talk of a room after a change that was seen (0: all of it; nothing: from now on), until the function that it answers is called. */
    follow(room: string, listener: TalkListener, after?: number): () => void {
      const listeners = talks.get(room) ?? new Set();
      talks.set(room, listeners);
      listeners.add(listener);
      if (listeners.size === 1)
        void connect().then((it) => {
          if (talks.get(room) === listeners) it.follow(room, after).catch(() => {});
        });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || talks.get(room) !== listeners) return;
        talks.delete(room);
        void client?.then((it) => {
          if (!talks.has(room)) it.unfollow(room);
        });
      };
    },
    /** Resolves once the message is stored, however often the connection breaks meanwhile. Sent again with the same id, it is written once. */
    send: async (room: string, text: string, id: string): Promise<ChatMessage> =>
      (await connect()).send(room, text, id),
    typing: (room: string): void => void connect().then((it) => it.typing(room)),
    onStale(listener: (room: string) => void): () => void {
      staleListeners.add(listener);
      return () => void staleListeners.delete(listener);
    },
    /** For `useSyncExternalStore`. */
    subscribe(listener: () => void): () => void {
      stateListeners.add(listener);
      return () => void stateListeners.delete(listener);
    },
    state: (): ConnectionState => state,
    /** When it was lost last, in milliseconds since 1970: what is shown is of that time. */
    lostAt: (): number => lostAt,
    close(): void {
      clearTimeout(timer);
      void client?.then((it) => it.close());
      client = undefined;
    },
  };
}

export type Connection = ReturnType<typeof openConnection>;

import type { ChatMessage } from '@labwright/contract-hub/chat';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { fromHub } from '../../api/services.ts';
import { useConnection } from '../../live/live.tsx';
import { type Known, newestChange, putIn, shown } from './talk.ts';

const nothing: Known = new Map();
/** As long as somebody counts as typing without another sign. */
const typingMs = 5_000;

/**
 * The talk of a room: the newest page is read, then everything after it is followed, and older pages are read when asked for. Made anew for
 * each room (`key`).
 */
export function useTalk(room: string) {
  const connection = useConnection();
  const queries = useQueryClient();
  const [changes, setChanges] = useState<Known>(nothing);
  const [typists, setTypists] = useState<ReadonlyMap<string, string>>(new Map());
  const query = useInfiniteQuery({
    ...fromHub.pages('/chat/rooms/{room}/messages', { params: { path: { room }, query: { limit: 50 } } }),
    // What is newer than the pages is followed; they are not read again.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const presence = useQuery(
    fromHub.read('/chat/rooms/{room}/presence', { params: { path: { room }, query: { limit: 50 } } }),
  );

  const pages = query.data?.pages;
  const ready = pages !== undefined;
  useEffect(() => {
    if (!ready) return;
    const key = fromHub.pages('/chat/rooms/{room}/messages', {
      params: { path: { room }, query: { limit: 50 } },
    }).queryKey;
    const people = fromHub.read('/chat/rooms/{room}/presence', {
      params: { path: { room }, query: { limit: 50 } },
    }).queryKey;
    const timers = new Map<string, ReturnType<typeof setTimeout>>();
    const forget = (id: string) => {
      clearTimeout(timers.get(id));
      timers.delete(id);
      setTypists((before) => new Map([...before].filter(([each]) => each !== id)));
    };
    const first = queries.getQueryData(key)?.pages[0]?.messages ?? [];
    const stop = connection.follow(
      room,
      {
        onChanges: (messages) => {
          setChanges((before) => putIn(before, messages));
          for (const { author_id } of messages) forget(author_id);
        },
        onTyping: ({ person: { id, name } }) => {
          setTypists((before) => new Map(before).set(id, name));
          clearTimeout(timers.get(id));
          timers.set(
            id,
            setTimeout(() => forget(id), typingMs),
          );
        },
        onPresence: () => void queries.invalidateQueries({ queryKey: people }),
        onReset: () => {
          setChanges(nothing);
          void queries.resetQueries({ queryKey: key });
        },
      },
      newestChange(first),
    );
    void queries.invalidateQueries({ queryKey: people });
    return () => {
      stop();
      for (const timer of timers.values()) clearTimeout(timer);
    };
  }, [ready, room, connection, queries]);

  const messages = useMemo(() => {
    const read = pages?.flatMap((page) => page.messages) ?? [];
    // With everything read there is nothing before the floor.
    const floor = query.hasNextPage ? Math.min(...read.map(({ seq }) => seq)) : 0;
    return shown(putIn(changes, read), floor);
  }, [pages, changes, query.hasNextPage]);

  return {
    query,
    messages,
    people: presence.data?.people ?? [],
    typists,
    /** What an answer of the hub has, before it is followed. */
    learn: (message: ChatMessage) => setChanges((before) => putIn(before, [message])),
  };
}

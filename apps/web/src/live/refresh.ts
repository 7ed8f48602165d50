import type { QueryClient } from '@tanstack/react-query';
import type { Connection, LiveEvent } from './connection.ts';

/** What many events in a row cost is one question, this often at most. */
const gatherMs = 400;

/**
 * Keeps what is shown true: each query whose `meta.live` names a room is asked again when something happens there, and when events may have
 * been missed. Events of devices and runs all come through the room `lab`, which is watched once for everybody.
 */
export function refreshOnEvents(
  queries: QueryClient,
  connection: Pick<Connection, 'watch' | 'onStale'>,
): () => void {
  const dirty = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const later = () => {
    timer ??= setTimeout(flush, gatherMs);
  };
  const flush = () => {
    timer = undefined;
    const rooms = new Set(dirty);
    dirty.clear();
    for (const query of queries.getQueryCache().findAll()) {
      const mine = roomsOf(query.meta);
      if (!mine.some((room) => rooms.has(room))) continue;
      // An answer that is under way may be older than the event: it is asked again once it is there.
      if (query.state.fetchStatus === 'fetching') for (const room of mine) dirty.add(room);
      else void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }
    if (dirty.size > 0) later();
  };
  const stop = [
    connection.watch('lab', (event) => {
      for (const room of roomsTouched(event)) dirty.add(room);
      later();
    }),
    connection.onStale(() => {
      for (const query of queries.getQueryCache().findAll())
        for (const room of roomsOf(query.meta)) dirty.add(room);
      // What was asked for in vain meanwhile is asked for by nobody else.
      void queries.invalidateQueries({ predicate: ({ state }) => state.status === 'error' });
      later();
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const end of stop) end();
  };
}

/** `lab`, and the device and the run that the event is about. */
export function roomsTouched({ room, data }: Pick<LiveEvent, 'room' | 'data'>): string[] {
  const { device_id: device, workflow_id: run } = (data ?? {}) as Record<string, unknown>;
  return [
    room,
    ...(typeof device === 'string' ? [`device:${device}`] : []),
    ...(typeof run === 'string' ? [`run:${run}`] : []),
  ];
}

const roomsOf = (meta: Record<string, unknown> | undefined): readonly string[] =>
  Array.isArray(meta?.live) ? meta.live : [];

/** The same query, asked again when something happens in one of these rooms: `lab` (anything), `device:ID`, `run:ID`. */
export const keptLive = <Options extends object>(options: Options, ...rooms: string[]) => ({
  ...options,
  meta: { live: rooms },
});

import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useEffectEvent,
  useState,
  useSyncExternalStore,
} from 'react';
import { type Connection, type ConnectionState, type LiveEvent, openConnection } from './connection.ts';
import { type Outbox, openOutbox, type Writing } from './outbox.ts';
import { refreshOnEvents } from './refresh.ts';

const ConnectionContext = createContext<Connection | null>(null);
const OutboxContext = createContext<Outbox | null>(null);

/** Around everything that a signed-in person sees: one connection, as this person. */
export function LiveProvider({ person, children }: { person: string; children: ReactNode }) {
  const queries = useQueryClient();
  const [connection] = useState(() => openConnection(location.origin, person));
  const [outbox] = useState(() => openOutbox({ person, storage: () => localStorage, send: connection.send }));
  useEffect(() => {
    const stop = refreshOnEvents(queries, connection);
    outbox.resume();
    return () => {
      stop();
      connection.close();
    };
  }, [queries, connection, outbox]);
  return (
    <ConnectionContext value={connection}>
      <OutboxContext value={outbox}>{children}</OutboxContext>
    </ConnectionContext>
  );
}

/** The connection itself: for talk (`follow`, `typing`). */
export function useConnection(): Connection {
  const connection = use(ConnectionContext);
  if (!connection) throw new Error('There is no LiveProvider around this component.');
  return connection;
}

/** What is written in a room and not sent yet, and the way to send it. */
export function useOutbox(room: string): Writing & Pick<Outbox, 'setDraft' | 'post'> {
  const outbox = use(OutboxContext);
  if (!outbox) throw new Error('There is no LiveProvider around this component.');
  const writing = useSyncExternalStore(outbox.subscribe, () => outbox.read(room));
  return { ...writing, setDraft: outbox.setDraft, post: outbox.post };
}

export function useConnectionState(): ConnectionState {
  const connection = useConnection();
  return useSyncExternalStore(connection.subscribe, connection.state);
}

/** Tells of each event in a room, from now on. To keep what is shown true, `keptLive` around its query is enough. */
export function useLive(room: string, handler: (event: LiveEvent) => void): void {
  const connection = useConnection();
  const onEvent = useEffectEvent(handler);
  useEffect(() => connection.watch(room, (event) => onEvent(event)), [connection, room]);
}

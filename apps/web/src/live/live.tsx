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
import { refreshOnEvents } from './refresh.ts';

const ConnectionContext = createContext<Connection | null>(null);

/** Around everything that a signed-in person sees: one connection, as this person. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection] = useState(() => openConnection(location.origin));
  useEffect(() => {
    const stop = refreshOnEvents(queries, connection);
    return () => {
      stop();
      connection.close();
    };
  }, [queries, connection]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

/** The connection itself: for talk (`follow`, `send`, `typing`). */
export function useConnection(): Connection {
  const connection = use(ConnectionContext);
  if (!connection) throw new Error('There is no LiveProvider around this component.');
  return connection;
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

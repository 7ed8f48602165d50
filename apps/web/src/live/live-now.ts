import { useNow } from '../ui/use-now.ts';
import { useConnection, useConnectionState } from './live.tsx';

/** As `useNow`, for what is reckoned on from what was told last: while the connection is lost, the time when that was. */
export function useLiveNow(everyMs: number): number {
  const connection = useConnection();
  const offline = useConnectionState() === 'offline';
  const now = useNow(everyMs);
  return offline ? connection.lostAt() : now;
}

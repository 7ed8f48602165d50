import { useQuery } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import type { Log, LogQuery } from './log.ts';
import { newestLogs } from './read-logs.ts';

/** Milliseconds between two looks while nothing is told live, and at least between two of which the events asked for. */
const lookMs = 5_000;
const gatherMs = 500;
const none: readonly Log[] = [];

/** The newest page of the logs, again and again while `on`; `look` asks at once, for an event has told that there is news. */
export function useTail(
  asked: LogQuery,
  on: boolean,
): { newest: readonly Log[]; error: unknown; look: () => void } {
  const query = useQuery({ ...newestLogs(asked), enabled: on, refetchInterval: on ? lookMs : false });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { refetch } = query;
  const look = useCallback(() => {
    if (!on) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void refetch();
    }, gatherMs);
  }, [on, refetch]);
  return { newest: on ? (query.data?.execution_logs ?? none) : none, error: on ? query.error : null, look };
}

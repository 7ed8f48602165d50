import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask } from '../../api/ask.ts';
import { ApiProblem } from '../../api/problem.ts';
import { devices } from '../../api/services.ts';
import type { LogPage, LogQuery } from './log.ts';

const pageSize = 100;
/** Nobody answered, not now, or too many requests. */
const passing = [0, 429, 503];
const key = (asked: LogQuery, what: string) => ['device-service', '/execution-logs', asked, what] as const;

/** From the newest back, page by page. Older rows do not change: what is new comes by the tail. */
export const logPages = (asked: LogQuery) =>
  infiniteQueryOptions({
    queryKey: key(asked, 'pages'),
    queryFn: ({ signal, pageParam }) =>
      read({ ...asked, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }: LogPage) => next_cursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    // Who scrolls quickly asks often: where that is too often, the next page comes when the service says so.
    retry: (failures, error) => error instanceof ApiProblem && passing.includes(error.status) && failures < 5,
  });

/** The newest page alone. */
export const newestLogs = (asked: LogQuery) =>
  queryOptions({ queryKey: key(asked, 'newest'), queryFn: ({ signal }) => read(asked, signal) });

async function read(query: LogQuery & { cursor?: string }, signal: AbortSignal): Promise<LogPage> {
  const page = await ask(
    devices.GET('/execution-logs', { params: { query: { ...query, limit: pageSize } }, signal }),
  );
  // The same route answers streams, where somebody asks for one.
  if (typeof page === 'string') throw new Error('The logs came in another form than was asked for.');
  return page;
}

import { QueryClient } from '@tanstack/react-query';
import { onSessionElsewhere, signedOut } from './hub-fetch.ts';
import { ApiProblem } from './problem.ts';
import { findSession, type Session, sessionQuery } from './session.ts';

/** Tried again by itself: nobody answered, or not now. What was refused is refused again. */
const passes = (error: unknown) =>
  error instanceof ApiProblem && (error.status === 0 || error.status === 503);

export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        // Live events say what has changed; what nobody tells about is asked again when it is looked at.
        staleTime: 15_000,
        retry: (failures, error) => passes(error) && failures < 2,
        retryDelay: (failures, error) =>
          error instanceof ApiProblem && error.retryAfter ? error.retryAfter * 1_000 : 500 * 2 ** failures,
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  signedOut.addEventListener('signed-out', () => {
    const { queryKey } = sessionQuery;
    // Asking who is signed in finds out by itself that nobody is.
    if (client.isFetching({ queryKey }) > 0 || client.getQueryData(queryKey)?.kind === 'nobody') return;
    void client.invalidateQueries({ queryKey });
  });
  onSessionElsewhere(async () => {
    const before = client.getQueryData(sessionQuery.queryKey);
    const now = await findSession().catch(() => undefined);
    // Whoever signed in again goes on with what they see; nothing of this page is for anybody else.
    if (now && whose(now) !== (before && whose(before))) await client.resetQueries();
  });
  return client;
}

const whose = (session: Session) => (session.kind === 'nobody' ? undefined : session.id);

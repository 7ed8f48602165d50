import { problemOf, unreachable } from './problem.ts';

/**
 * Every request of the pages, with the cookies of whoever is signed in:
 *
 *     request ──401──► the session is refreshed (one at a time, over all tabs) ──► asked once more ──401──► nobody is signed in
 *             ──no answer──► ApiProblem `unreachable`
 *             ──401 invalid_credentials──► a password that somebody gave again is wrong: the session is as good as before
 *
 * A refresh token is good once, and shown twice it ends the session: hence the lock over all tabs.
 */
export async function hubFetch(request: Request): Promise<Response> {
  // A body can be read once: the copy is for the second try.
  const again = request.clone();
  const response = await reach(request);
  if (response.status !== 401 || isAboutSession(request) || (await isWrongPassword(response)))
    return response;
  if (await refreshSession()) {
    const second = await reach(again);
    if (second.status !== 401) return second;
  }
  signedOut.dispatchEvent(new Event('signed-out'));
  return response;
}

/** Dispatches `signed-out` when the session turns out to be over. */
export const signedOut = new EventTarget();

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable();
  }
}

/** Signing in and out, and the refresh itself. */
const isAboutSession = ({ url, method }: Request) =>
  method !== 'GET' && new URL(url).pathname.startsWith('/session');

/** Asked once more, it would count as a second try. */
async function isWrongPassword(response: Response): Promise<boolean> {
  return (await problemOf(response.clone())).code === 'invalid_credentials';
}

const refreshedAt = 'labwright.session-refreshed-at';
let refreshing: Promise<boolean> | undefined;

/** True where there are fresh tokens, whichever tab fetched them. */
function refreshSession(): Promise<boolean> {
  const seen = read();
  refreshing ??= inTurn(async () => {
    // Another tab has done it while we waited for our turn.
    if (read() !== seen) return true;
    const response = await reach(new Request('/session/refresh', { method: 'POST' }));
    if (response.ok) write(String(Date.now()));
    return response.ok;
  }).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

/** Locks are there on https and on this machine, and nowhere else do browsers keep the cookies. */
const inTurn = async (work: () => Promise<boolean>): Promise<boolean> =>
  navigator.locks ? await navigator.locks.request('labwright-session', work) : work();

function read(): string | null {
  try {
    return localStorage.getItem(refreshedAt);
  } catch {
    return null;
  }
}

function write(value: string): void {
  try {
    localStorage.setItem(refreshedAt, value);
  } catch {
    // Without storage there is no other tab to tell.
  }
}

import { notAnswered, problemOf, unreachable } from './problem.ts';

/**
 * Every request of the pages, with the cookies of whoever is signed in:
 *
 *     request ──401──► the session is refreshed (one at a time, over all tabs) ──► asked once more ──401──► nobody is signed in
 *             ──nobody there──► ApiProblem `unreachable`
 *             ──no answer in time──► ApiProblem `not_answered`; a change may have been done all the same
 *             ──401 invalid_credentials──► a password that somebody gave again is wrong: the session is as good as before
 *
 * A refresh token is good once, and shown twice it ends the session: hence the lock over all tabs.
 */
export async function hubFetch(request: Request): Promise<Response> {
  // A body can be read once: the copy is for the second try.
  const again = request.clone();
  const response = await reach(request);
  if (response.ok && changesSession(request)) tellOtherPages();
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

/** Milliseconds until a service counts as hanging. A read is asked again by itself; of a change nobody knows whether it was done. */
export const patience = { read: 20_000, change: 90_000 } as const;

async function reach(request: Request): Promise<Response> {
  const isRead = request.method === 'GET';
  const late = new AbortController();
  const waitMs = isRead ? patience.read : patience.change;
  const timer = setTimeout(() => late.abort(notAnswered(waitMs / 1_000, !isRead)), waitMs);
  const giveUp = () => late.abort(request.signal.reason);
  request.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const response = await fetch(request, { signal: late.signal });
    // The end of an answer may be long in coming, too. What is not JSON may be long, and is read as it comes.
    if (!/json/.test(response.headers.get('content-type') ?? '')) return response;
    const body = await response.arrayBuffer();
    return new Response(body, { status: response.status, headers: response.headers });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw late.signal.aborted ? late.signal.reason : unreachable();
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', giveUp);
  }
}

/** Signing in and out, and the refresh itself. */
const isAboutSession = ({ url, method }: Request) =>
  method !== 'GET' && new URL(url).pathname.startsWith('/session');

/** Of all pages of this browser: they have the same cookies. */
const changesSession = (request: Request) =>
  request.method !== 'GET' && /^\/(session|setup|invitations\/accept)/.test(new URL(request.url).pathname);

const changedAt = 'labwright.session-changed-at';
const tellOtherPages = () => write(changedAt, String(Date.now()));

/** Calls `listener` when another page of this browser has signed somebody in or out. */
export function onSessionElsewhere(listener: () => void): void {
  globalThis.addEventListener?.('storage', ({ key }) => {
    if (key === changedAt) listener();
  });
}

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
    if (response.ok) write(refreshedAt, String(Date.now()));
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

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage there is no other tab to tell.
  }
}

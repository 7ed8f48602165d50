/**
 * Who asks, in commands that are given no token: whoever signed in at this laboratory with `labwright sign-in`.
 *
 *     nobody ──sign-in──> signed in ──access token nearly over, or refused──> renewed, in turn with other processes ──> signed in
 *                                   ──sign-out, or the laboratory says that the session is over──> nobody
 *
 * A command is somebody's from its first request to its last: where another person signs in meanwhile, it ends.
 */
import type { TokenSource } from '@labwright/client';
import type { Challenged, SignedIn } from '@labwright/contract-hub/accounts';
import { isProblem } from '@labwright/kernel/errors';
import { isLoopback } from '@labwright/kernel/identity';
import { bearer, type Service, strange } from '../lab/service.ts';
import { plain } from '../output/width.ts';
import { isToken, type SessionStore, type StoredSession } from './store.ts';

/** An access token is renewed so many milliseconds before its end: a request takes a while. */
const marginMs = 30_000;
const answerMs = 30_000;

export interface SessionOptions {
  /** The hub, asked without a token. */
  hub: Service;
  store: SessionStore;
}

/** Tokens for the services of one laboratory. */
export interface StoredIdentity {
  /** The token for a service at this address; undefined where nobody signed in, or for a machine that is not of this laboratory. */
  for(url: string): TokenSource;
}

export function storedIdentity({ hub, store }: SessionOptions): StoredIdentity {
  let current: StoredSession | undefined;
  /** Whose command this is. */
  let begunAs: StoredSession | undefined;
  let renewing: Promise<StoredSession | undefined> | undefined;
  const once = (known: StoredSession) => {
    renewing ??= renew({ hub, store }, known).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  const token = async (url: string, again: boolean, refused?: string) => {
    current ??= await store.read();
    assertSamePerson(hub, begunAs, current);
    begunAs ??= current;
    if (!current || !isOfLab(url, hub.url, current)) return undefined;
    const over = current.access_until - marginMs <= Date.now();
    if (over || renewing || (again && refused === current.access_token)) current = await once(current);
    assertSamePerson(hub, begunAs, current);
    return current?.access_token;
  };
  return { for: (url) => (again, refused) => token(url, again, refused) };
}

function assertSamePerson(
  { url }: Service,
  before: StoredSession | undefined,
  now: StoredSession | undefined,
) {
  if (!before || !now || before.email === now.email) return;
  const name = (one: StoredSession) => `${one.name} (${one.email})`;
  throw new Error(
    plain(
      `This command was begun as ${name(before)}, and by now ${name(now)} is signed in at ${url}: it ends here, since what it does would count as theirs. Look how far it came, and start it again.`,
    ),
  );
}

/** A new access token, unless another process has fetched one meanwhile. Throws what the hub answers. */
function renew({ hub, store }: SessionOptions, known: StoredSession): Promise<StoredSession | undefined> {
  return store.alone(async () => {
    const now = await store.read();
    const old = now?.access_token === known.access_token || (now?.access_until ?? 0) - marginMs <= Date.now();
    if (!now || !old) return now;
    try {
      const { refresh_token } = now;
      const { answer, behindMs } = await post(hub, '/session/refresh', { refresh_token }, isSignedIn);
      const renewed = { ...now, ...storedOf(answer, behindMs) };
      await store.save(renewed);
      return renewed;
    } catch (error) {
      // Nothing opens it again: what is left of it is of no use to anybody but a thief.
      if (isProblem(error, 'session_ended')) await store.remove();
      throw error;
    }
  });
}

/** `behindMs`: of the clock of this machine behind that of the laboratory. */
export function storedOf(answer: GivenTokens, behindMs: number): Omit<StoredSession, 'services'> {
  const { user, expires_at, access_token, refresh_token } = answer;
  return {
    name: user.name,
    email: user.email,
    access_token,
    refresh_token,
    access_until: Date.parse(expires_at) - behindMs,
  };
}

export type GivenTokens = SignedIn & Required<Pick<SignedIn, 'access_token' | 'refresh_token'>>;

/** What is kept has to open something tomorrow: nothing takes its place that a proxy, or another program at that port, made up. */
export const isSignedIn = (answer: Partial<SignedIn | Challenged>): answer is GivenTokens =>
  answer.status === 'signed_in' &&
  [answer.access_token, answer.refresh_token].every(isToken) &&
  [answer.user?.name, answer.user?.email].every((text) => typeof text === 'string') &&
  !Number.isNaN(Date.parse(String(answer.expires_at)));

export const isChallenged = (answer: Partial<SignedIn | Challenged>): answer is Challenged =>
  answer.status === 'second_factor_required' && typeof answer.challenge === 'string';

/** The clocks of two machines differ, and what is over is told by that of the laboratory. Throws `Unreachable` where the answer is none of a hub. */
export async function post<T extends SignedIn | Challenged>(
  hub: Service,
  path: string,
  body: object,
  isAnswer: (answer: Partial<SignedIn | Challenged>) => answer is T,
): Promise<{ answer: T; behindMs: number }> {
  const response = await hub.stream(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerMs),
  });
  const answer = (await response.json().catch((error) => {
    throw strange(hub, response, error);
  })) as Partial<SignedIn | Challenged> | null;
  if (!answer || !isAnswer(answer)) throw strange(hub, response);
  const there = Date.parse(response.headers.get('date') ?? '');
  return { answer, behindMs: Number.isNaN(there) ? 0 : there - Date.now() };
}

/** Signs out: the session is over everywhere, and forgotten here even where the laboratory cannot be reached. Throws what the hub answers. */
export function endSession({ hub, store }: SessionOptions): Promise<void> {
  return store.alone(async () => {
    const found = await store.read().catch(() => undefined);
    try {
      if (found) await end(hub, found);
    } finally {
      await store.remove();
    }
  });
}

/** A session that another one takes the place of. Where it cannot be ended, it ends by itself. */
export const endQuietly = (hub: Service, session: StoredSession): Promise<void> =>
  end(hub, session).catch(() => {});

/** The hub knows by the access token which session is meant, and only while that is good. */
async function end(hub: Service, session: StoredSession): Promise<void> {
  const drop = async (token: string) => {
    const signal = AbortSignal.timeout(answerMs);
    const response = await hub.stream('/session', { method: 'DELETE', headers: bearer(token), signal });
    await response.body?.cancel();
  };
  try {
    if (session.access_until - marginMs > Date.now()) return await drop(session.access_token);
  } catch (error) {
    if (!isProblem(error, 'unauthenticated')) throw error;
  }
  try {
    const { refresh_token } = session;
    const { answer } = await post(hub, '/session/refresh', { refresh_token }, isSignedIn);
    await drop(answer.access_token);
  } catch (error) {
    if (!isProblem(error, 'session_ended')) throw error;
  }
}

/** A token is for the machine that gave it, and for those that were named when it was asked for. */
function isOfLab(url: string, hub: string, { services }: StoredSession): boolean {
  const [there, here] = [new URL(url), new URL(hub)];
  const name = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1');
  const sameMachine = there.hostname === here.hostname || [there, here].every((one) => isLoopback(name(one)));
  return (sameMachine && there.protocol === here.protocol) || services.includes(url);
}

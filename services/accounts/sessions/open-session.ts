import { randomUUID } from 'node:crypto';
import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type AccountsDeps, lifetimes, timestamp } from '../deps.ts';
import { lockedUser, type UserRow } from '../people/user-row.ts';
import { digest, randomToken } from '../secrets/vault.ts';
import { accessToken } from '../tokens/access-token.ts';
import { endSessions } from './end-sessions.ts';

/** Where somebody signs in from, for the list of sessions. */
export interface Client {
  address: string;
  userAgent: string | null;
}

export interface Opened {
  user: UserRow;
  sessionId: string;
  access: { token: string; expiresAt: number };
  refresh: { token: string; expiresAt: number };
}

/** Open sessions of one person; the oldest make room. */
const atMost = 50;

// Unique index on `token`.
const ownerOfToken = rows(
  'accounts.sessions.owner_of_token',
  Type.Object({ id: Type.String(), user_id: Type.String(), updated_at: Timestamp }),
  'SELECT id, user_id, updated_at FROM sessions WHERE token = $1 AND state = $2 AND expires_at > $3',
);
const settle = command(
  'accounts.sessions.settle',
  `UPDATE sessions SET state = $2, token = $3, expires_at = $4, ip_address = $5, user_agent = $6,
     created_at = $7::timestamptz, updated_at = $7::timestamptz
   WHERE id = $1 AND state IN ('new', 'half')`,
);
const insertSession = command(
  'accounts.sessions.insert',
  `INSERT INTO sessions (id, token, user_id, expires_at, ip_address, user_agent, created_at, updated_at, state)
   VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz, $7::timestamptz, 'open')`,
);
const insertRefresh = command(
  'accounts.refresh_tokens.insert',
  'INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)',
);
// Index sessions_open_of_user; at most one more than `atMost` rows.
const superfluous = rows(
  'accounts.sessions.superfluous',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM sessions WHERE user_id = $1 AND state = 'open' ORDER BY updated_at DESC, id OFFSET $2`,
);

/** The session, since when it waits, and its owner, whose row is locked against being locked out; undefined where there is none in that state. */
export async function sessionByToken(
  tx: Queryable,
  tokenHash: string,
  state: 'new' | 'half',
  now: number,
): Promise<{ sessionId: string; user: UserRow; begunAt: string } | undefined> {
  const session = await tx.first(ownerOfToken, [tokenHash, state, timestamp(now)]);
  const user = session && (await lockedUser(tx, session.user_id, 'shared'));
  return session && user ? { sessionId: session.id, user, begunAt: session.updated_at } : undefined;
}

/** Throws `account_locked`. */
export function mustBeFree(user: UserRow): void {
  if (user.locked_at !== null)
    throw accountErrors.problem(
      'account_locked',
      'This account is locked. Ask an administrator of the laboratory.',
    );
}

/** Password right, second factor asked for: the session waits for it, under a new token. */
export async function halfOpen(
  tx: Queryable,
  session: { sessionId: string },
  client: Client,
  now: number,
): Promise<string> {
  const challenge = randomToken();
  await tx.execute(
    settle,
    settling(session.sessionId, 'half', sessionHash(challenge), lifetimes.challenge, client, now),
  );
  return challenge;
}

/** All that was asked for was shown. Throws `account_locked`. */
export async function openSession(
  deps: AccountsDeps,
  tx: Queryable,
  { sessionId, user }: { sessionId: string; user: UserRow },
  client: Client,
): Promise<Opened> {
  mustBeFree(user);
  const now = deps.clock.now();
  // Nothing is opened with this column any more.
  const nothing = sessionHash(randomToken());
  const [, opened] = await Promise.all([
    tx.execute(settle, settling(sessionId, 'open', nothing, lifetimes.refreshToken, client, now)),
    complete(deps, tx, sessionId, user),
  ]);
  return opened;
}

/** For somebody who has just set a password with an invitation, or the first administrator. */
export async function newSession(
  deps: AccountsDeps,
  tx: Queryable,
  user: UserRow,
  client: Client,
): Promise<Opened> {
  mustBeFree(user);
  const now = deps.clock.now();
  const id = randomUUID();
  const [, opened] = await Promise.all([
    tx.execute(insertSession, [
      id,
      sessionHash(randomToken()),
      user.id,
      timestamp(now + lifetimes.refreshToken),
      client.address,
      client.userAgent,
      timestamp(now),
    ]),
    complete(deps, tx, id, user),
  ]);
  return opened;
}

/** Behind the statement that opens it: all of them travel together. */
async function complete(
  deps: AccountsDeps,
  tx: Queryable,
  sessionId: string,
  user: UserRow,
): Promise<Opened> {
  const now = deps.clock.now();
  const [tooMany, tokens] = await Promise.all([
    tx.query(superfluous, [user.id, atMost]),
    issueTokens(deps, tx, user, sessionId),
  ]);
  await endSessions(
    tx,
    tooMany.map(({ id }) => id),
    'too many sessions',
    now,
  );
  return { user, sessionId, ...tokens };
}

/** A new pair for an open session. */
export async function issueTokens(
  deps: AccountsDeps,
  tx: Queryable,
  user: UserRow,
  sessionId: string,
): Promise<Pick<Opened, 'access' | 'refresh'>> {
  const now = deps.clock.now();
  const refresh = { token: randomToken(), expiresAt: now + lifetimes.refreshToken };
  const [access] = await Promise.all([
    accessToken(deps, user, sessionId),
    tx.execute(insertRefresh, [
      digest(refresh.token),
      sessionId,
      timestamp(now),
      timestamp(refresh.expiresAt),
    ]),
  ]);
  return { access, refresh };
}

export const sessionHash = (token: string): string => digest(token).toString('base64url');

const settling = (
  id: string,
  state: 'half' | 'open',
  token: string,
  lasts: number,
  client: Client,
  now: number,
) => [id, state, token, timestamp(now + lasts), client.address, client.userAgent, timestamp(now)];

import { accountErrors } from '@labwright/contract-hub/accounts';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { countAttempt } from '../attempts/attempts.ts';
import { record } from '../audit.ts';
import { type AccountsDeps, lifetimes, timestamp } from '../deps.ts';
import { isStale } from '../passwords/formats.ts';
import type { UserRow } from '../people/user-row.ts';
import {
  type Client,
  halfOpen,
  mustBeFree,
  type Opened,
  openSession,
  sessionByToken,
  sessionHash,
} from './open-session.ts';

export type SignInResult = { opened: Opened } | { challenge: string };

// better-auth goes by the clock of the machine; from here on it is ours.
const adoptToken = command(
  'accounts.sessions.adopt_token',
  `UPDATE sessions SET token = $2, expires_at = $3 WHERE token = $1 AND state = 'new'`,
);
// Guarded: a password that was changed meanwhile stays. `updated_at` tells when it became another one, which it does not here.
const replaceHash = command(
  'accounts.credentials.replace_hash',
  `UPDATE credentials SET password = $3
   WHERE provider_id = 'credential' AND account_id = $1 AND password = $2`,
);

// Index users_email.
const hashOf = rows(
  'accounts.credentials.hash_of',
  Type.Object({ password: nullable(Type.String()) }),
  `SELECT c.password FROM users u JOIN credentials c ON c.provider_id = 'credential' AND c.account_id = u.id
   WHERE u.email = $1`,
);

/**
 * Address and password. Answers tokens, or a challenge where there is a second factor. Throws `invalid_credentials`, `account_locked` (only to
 * who knows the password), `too_many_attempts`, `overloaded`.
 */
export function signIn(
  deps: AccountsDeps,
  given: { email: string; password: string },
  client: Client,
): Promise<SignInResult> {
  return deps.signInTurn(() => check(deps, given, client));
}

async function check(
  deps: AccountsDeps,
  { email, password }: { email: string; password: string },
  client: Client,
): Promise<SignInResult> {
  const attempt = await countAttempt(deps, email, client.address);
  const looked = await deps.db.first(hashOf, [email.toLowerCase()]);
  // No transaction meanwhile: hashing takes its time, and connections are few.
  const found = await deps.checkPassword(email.toLowerCase(), password);
  if (!found) throw invalidCredentials();
  const result = await deps.db.transaction(async (tx) => {
    const now = deps.clock.now();
    const hash = sessionHash(found.token);
    const [, session] = await Promise.all([
      tx.execute(adoptToken, [found.token, hash, timestamp(now + lifetimes.challenge)]),
      sessionByToken(tx, hash, 'new', now),
    ]);
    if (!session) throw invalidCredentials();
    mustBeFree(session.user);
    // Changed while the old one was looked at, which ends all sessions: then this one does not begin either.
    const { password: present } = session.user;
    const same = present !== null && present === looked?.password;
    if (!same && !(present !== null && (await deps.hasher.verify(password, present))))
      throw invalidCredentials();
    if (session.user.second_factor)
      return { user: session.user, challenge: await halfOpen(tx, session, client, now) };
    const [opened] = await Promise.all([
      openSession(deps, tx, session, client),
      record(tx, session.user, {
        action: 'session.opened',
        subject: `session:${session.sessionId}`,
        after: { address: client.address },
      }),
      attempt.giveBack({ in: tx }),
    ]);
    return { user: session.user, opened };
  });
  await renewHash(deps, result.user, password);
  // With a second factor the try counts until that is shown, too: codes cannot be tried for ever with the right password.
  return result.opened ? { opened: result.opened } : { challenge: result.challenge };
}

export const invalidCredentials = () =>
  accountErrors.problem(
    'invalid_credentials',
    'Address or password is wrong. Try again, or ask an administrator for a link that sets a new password.',
  );

/** Now that the password is known, a hash that is weaker than ours can be replaced. Whoever signs in need not wait for a fault here. */
async function renewHash(deps: AccountsDeps, user: UserRow, password: string): Promise<void> {
  if (user.password === null || !isStale(user.password)) return;
  try {
    await deps.db.execute(replaceHash, [user.id, user.password, await deps.hasher.hash(password)]);
  } catch (error) {
    deps.log.warn(
      { err: error, user: user.id },
      'a password hash could not be renewed; the next sign-in does',
    );
  }
}

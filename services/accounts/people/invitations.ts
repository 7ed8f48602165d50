import { accountErrors, type Invitation } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { record } from '../audit.ts';
import { type AccountsDeps, lifetimes, timestamp } from '../deps.ts';
import { checkPolicy } from '../passwords/policy.ts';
import { storePassword } from '../passwords/store-password.ts';
import { digest, randomToken } from '../secrets/vault.ts';
import { endSessionsOf } from '../sessions/end-sessions.ts';
import { type Client, newSession, type Opened } from '../sessions/open-session.ts';
import { findToChange, findUser } from './find-user.ts';
import type { UserRow } from './user-row.ts';

const withdraw = command('accounts.invitations.withdraw', 'DELETE FROM invitations WHERE user_id = $1');
const insert = command(
  'accounts.invitations.insert',
  'INSERT INTO invitations (hash, user_id, expires_at, created_at) VALUES ($1, $2, $3, $4)',
);
const find = rows(
  'accounts.invitations.find',
  Type.Object({ user_id: Type.String() }),
  'SELECT user_id FROM invitations WHERE hash = $1 AND used_at IS NULL AND expires_at > $2',
);
const use = command(
  'accounts.invitations.use',
  'UPDATE invitations SET used_at = $2::timestamptz WHERE hash = $1 AND used_at IS NULL AND expires_at > $2::timestamptz',
);

/** A link that sets the password; those before are good no more. */
export async function invite(tx: Queryable, user: { id: string }, now: number): Promise<Invitation> {
  const token = randomToken();
  const expires_at = timestamp(now + lifetimes.invitation);
  await tx.execute(withdraw, [user.id]);
  await tx.execute(insert, [digest(token), user.id, expires_at, timestamp(now)]);
  return { token, expires_at };
}

/** For somebody who forgot the password, or whose invitation is over. Throws `user_not_found`. */
export const inviteAgain = (deps: AccountsDeps, userId: string): Promise<Invitation> =>
  deps.db.transaction(async (tx) => {
    const user = await findToChange(tx, userId);
    await record(tx, user, { action: 'account.invited', subject: `account:${user.id}` });
    return invite(tx, user, deps.clock.now());
  });

/**
 * Sets the password and signs in; sessions from before end. A second factor stays, and is asked for at the next sign-in: then nobody is signed in here. Throws
 * `invitation_invalid`, `weak_password`, `account_locked`.
 */
export async function acceptInvitation(
  deps: AccountsDeps,
  { token, password }: { token: string; password: string },
  client: Client,
): Promise<{ user: UserRow; opened: Opened | null }> {
  const hash = digest(token);
  const invited = await deps.db.first(find, [hash, timestamp(deps.clock.now())]);
  if (!invited) throw invalid();
  checkPolicy(password, await findUser(deps.db, invited.user_id));
  const hashed = await deps.hasher.hash(password);
  return deps.db.transaction(async (tx) => {
    const now = deps.clock.now();
    const user = await findToChange(tx, invited.user_id);
    if ((await tx.execute(use, [hash, timestamp(now)])) === 0) throw invalid();
    await storePassword(tx, user.id, hashed, now);
    await endSessionsOf(tx, user.id, { reason: 'the password was set anew' }, now);
    await record(tx, user, { action: 'account.password_set', subject: `account:${user.id}` });
    const opened = user.second_factor ? null : await newSession(deps, tx, user, client);
    return { user: await findUser(tx, user.id), opened };
  });
}

const invalid = () =>
  accountErrors.problem(
    'invitation_invalid',
    'This invitation was used, is over, or was replaced by a newer one. Ask an administrator for a new one.',
  );

import { accountErrors, type User } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import type { Role } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { revokePrincipal } from '../revocations/record.ts';
import { endSessionsOf } from '../sessions/end-sessions.ts';
import { findToChange, findUser } from './find-user.ts';
import { toUser, type UserRow } from './user-row.ts';

const update = command(
  'accounts.users.update',
  'UPDATE users SET name = $2, role = $3, updated_at = $4 WHERE id = $1',
);
const setLock = command(
  'accounts.users.set_lock',
  'UPDATE users SET locked_at = $2, lock_reason = $3, updated_at = $4 WHERE id = $1',
);
// Two administrators could otherwise each be the other one's reason why one may go.
const oneAtATime = command(
  'accounts.users.administrators_lock',
  "SELECT pg_advisory_xact_lock(hashtext('accounts.administrators'))",
);
// Index users_administrators.
const otherAdministrator = rows(
  'accounts.users.other_administrator',
  Type.Object({ id: Type.String() }),
  `SELECT u.id FROM users u JOIN credentials c ON c.provider_id = 'credential' AND c.account_id = u.id
   WHERE u.role = 'admin' AND u.locked_at IS NULL AND u.id <> $1 LIMIT 1`,
);

/** Another name or role. A new role holds at once: access tokens with the old one end. Throws `user_not_found`, `last_administrator`. */
export async function changeUser(
  deps: AccountsDeps,
  { userId, ...wanted }: { userId: string; name?: string; role?: Role; reason?: string },
): Promise<User> {
  return deps.db.transaction(async (tx) => {
    await tx.execute(oneAtATime);
    const user = await findToChange(tx, userId);
    const after = { name: wanted.name?.trim() ?? user.name, role: wanted.role ?? user.role };
    const now = deps.clock.now();
    if (user.role === 'admin' && after.role !== 'admin') await mustNotBeLast(tx, user);
    await tx.execute(update, [user.id, after.name, after.role, timestamp(now)]);
    if (after.role !== user.role || after.name !== user.name) {
      await revokePrincipal(tx, user, now);
      await record(tx, user, {
        action: 'account.changed',
        subject: `account:${user.id}`,
        reason: wanted.reason,
        before: { name: user.name, role: user.role },
        after,
      });
    }
    return toUser(await findUser(tx, user.id));
  });
}

/** Nothing of this person works from now on: no session, no access token, no API token. Locking twice is no mistake. */
export async function lockUser(
  deps: AccountsDeps,
  { userId, reason }: { userId: string; reason: string },
): Promise<User> {
  return deps.db.transaction(async (tx) => {
    await tx.execute(oneAtATime);
    const user = await findToChange(tx, userId);
    if (user.locked_at !== null) return toUser(user);
    if (user.role === 'admin') await mustNotBeLast(tx, user);
    const now = deps.clock.now();
    await tx.execute(setLock, [user.id, timestamp(now), reason, timestamp(now)]);
    await endSessionsOf(tx, user.id, { reason: 'the account was locked' }, now);
    await revokePrincipal(tx, user, now);
    await record(tx, user, { action: 'account.locked', subject: `account:${user.id}`, reason });
    return toUser(await findUser(tx, user.id));
  });
}

/** May sign in again; the sessions of before do not come back, API tokens do. */
export async function unlockUser(
  deps: AccountsDeps,
  { userId, reason }: { userId: string; reason?: string },
): Promise<User> {
  return deps.db.transaction(async (tx) => {
    const user = await findToChange(tx, userId);
    if (user.locked_at === null) return toUser(user);
    await tx.execute(setLock, [user.id, null, null, timestamp(deps.clock.now())]);
    await record(tx, user, { action: 'account.unlocked', subject: `account:${user.id}`, reason });
    return toUser(await findUser(tx, user.id));
  });
}

async function mustNotBeLast(tx: Queryable, user: UserRow): Promise<void> {
  if (user.password === null || user.locked_at !== null || (await tx.first(otherAdministrator, [user.id])))
    return;
  throw accountErrors.problem(
    'last_administrator',
    `${user.name} is the last administrator who can sign in. Make somebody else one first.`,
  );
}

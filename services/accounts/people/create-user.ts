import { accountErrors, type Invitation, type User } from '@labwright/contract-hub/accounts';
import { isUniqueViolation, type Queryable } from '@labwright/kernel/db';
import type { Role } from '@labwright/kernel/identity';
import { command } from '@labwright/kernel/statement';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { isPasswordHash } from '../passwords/formats.ts';
import { storePassword } from '../passwords/store-password.ts';
import { findUser } from './find-user.ts';
import { invite } from './invitations.ts';
import { toUser, type UserRow } from './user-row.ts';

// Made by a repeated request already: then it is this one.
const insert = command(
  'accounts.users.insert',
  `INSERT INTO users (id, name, email, role, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5::timestamptz, $5::timestamptz) ON CONFLICT (id) DO NOTHING`,
);

export interface NewUser {
  id: string;
  name: string;
  email: string;
  role: Role;
}

/** An account that nobody can sign in to yet, or with a hash from elsewhere. Throws `email_taken`, `weak_password` for a hash that is none. */
export async function createUser(
  deps: AccountsDeps,
  given: NewUser & { passwordHash?: string },
): Promise<{ user: User; invitation: Invitation | null }> {
  const { passwordHash, ...person } = given;
  if (passwordHash !== undefined && !isPasswordHash(passwordHash))
    throw accountErrors.problem(
      'weak_password',
      'password_hash is neither bcrypt ($2b$…) nor argon2id ($argon2id$v=19$…) within reasonable costs. Leave it out: then there is an invitation.',
      { faults: [{ path: 'body.password_hash', message: 'is no bcrypt or argon2id hash' }] },
    );
  return deps.db.transaction(async (tx) => {
    const user = await insertUser(deps, tx, person);
    const now = deps.clock.now();
    if (passwordHash !== undefined) await storePassword(tx, user.id, passwordHash, now);
    const invitation = passwordHash === undefined ? await invite(tx, user, now) : null;
    await record(tx, user, {
      action: 'account.created',
      subject: `account:${user.id}`,
      after: { name: user.name, email: user.email, role: user.role },
    });
    return { user: toUser(await findUser(tx, user.id)), invitation };
  });
}

export async function insertUser(deps: AccountsDeps, tx: Queryable, given: NewUser): Promise<UserRow> {
  const email = given.email.toLowerCase();
  await tx
    .execute(insert, [given.id, given.name.trim(), email, given.role, timestamp(deps.clock.now())])
    .catch((error) => {
      if (!isUniqueViolation(error, 'users_email')) throw error;
      throw accountErrors.problem(
        'email_taken',
        `Somebody has an account with ${email} already. GET /users?email=${email}`,
      );
    });
  return findUser(tx, given.id);
}

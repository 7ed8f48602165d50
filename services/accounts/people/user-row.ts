import { Role, type User } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

/** A row of `users` with what belongs to it. */
export const UserRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Type.String(),
  role: Role,
  locked_at: nullable(Timestamp),
  lock_reason: nullable(Type.String()),
  revoked_until: nullable(Timestamp),
  created_at: Timestamp,
  password: nullable(Type.String({ description: 'Its hash.' })),
  second_factor: Type.Boolean(),
});
export type UserRow = Static<typeof UserRow>;

/** `u` is `users`. Both lookups go by a unique key. */
export const userColumns = `u.id, u.name, u.email, u.role, u.locked_at, u.lock_reason, u.revoked_until, u.created_at,
  (SELECT c.password FROM credentials c WHERE c.provider_id = 'credential' AND c.account_id = u.id) AS password,
  EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS second_factor`;

const holdShared = command('accounts.users.hold_shared', 'SELECT FROM users WHERE id = $1 FOR SHARE');
const hold = command('accounts.users.hold', 'SELECT FROM users WHERE id = $1 FOR UPDATE');
export const userById = rows(
  'accounts.users.by_id',
  UserRow,
  `SELECT ${userColumns} FROM users u WHERE u.id = $1`,
);

export const toUser = (row: UserRow): User => ({
  id: row.id,
  name: row.name,
  email: row.email,
  role: row.role,
  state: row.locked_at !== null ? 'locked' : row.password === null ? 'invited' : 'active',
  lock_reason: row.lock_reason,
  second_factor: row.second_factor,
  created_at: row.created_at,
});

/**
 * The person, whose row is locked until the end of the transaction: `shared` by who gives something out to the person, so that nobody gets a token while
 * being locked out. Locked first and read then, both sent at once: one statement would show password and second factor as they were before it waited.
 */
export async function lockedUser(
  tx: Queryable,
  id: string,
  how: 'shared' | 'alone',
): Promise<UserRow | undefined> {
  const [, user] = await Promise.all([
    tx.execute(how === 'shared' ? holdShared : hold, [id]),
    tx.first(userById, [id]),
  ]);
  return user;
}

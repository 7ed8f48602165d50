import type { User } from '@labwright/contract-hub/accounts';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import type { AccountsDeps } from '../deps.ts';
import { toUser, UserRow, userColumns } from './user-row.ts';

// Index users_email, which is also the order in which people look for somebody.
const page = rows(
  'accounts.users.page',
  UserRow,
  `SELECT ${userColumns} FROM users u WHERE u.email > $1 ORDER BY u.email LIMIT $2`,
);
const byEmail = rows(
  'accounts.users.by_email',
  UserRow,
  `SELECT ${userColumns} FROM users u WHERE u.email = $1`,
);

/** By address. Throws `invalid_cursor`. */
export async function listUsers(
  deps: AccountsDeps,
  { limit, cursor, email }: { limit: number; cursor?: string; email?: string },
): Promise<{ users: User[]; next_cursor: string | null }> {
  if (email !== undefined)
    return { users: (await deps.db.query(byEmail, [email.toLowerCase()])).map(toUser), next_cursor: null };
  const found = await deps.db.query(page, [decodeCursor('users', cursor) ?? '', limit + 1]);
  const users = found.slice(0, limit).map(toUser);
  const last = users.at(-1);
  return { users, next_cursor: found.length > limit && last ? encodeCursor('users', last.email) : null };
}

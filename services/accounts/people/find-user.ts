import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { lockedUser, type UserRow, userById } from './user-row.ts';

/** Throws `user_not_found`. */
export async function findUser(db: Queryable, id: string): Promise<UserRow> {
  return (await db.first(userById, [id])) ?? notFound(id);
}

/** To change it: nobody else does until the end of the transaction. Throws `user_not_found`. */
export async function findToChange(tx: Queryable, id: string): Promise<UserRow> {
  return (await lockedUser(tx, id, 'alone')) ?? notFound(id);
}

function notFound(id: string): never {
  throw accountErrors.problem('user_not_found', `There is no account "${id}". GET /users lists them.`);
}

import { accountErrors } from '@labwright/contract-hub/accounts';
import { record } from '../audit.ts';
import type { AccountsDeps } from '../deps.ts';
import { findToChange } from '../people/find-user.ts';
import type { UserRow } from '../people/user-row.ts';
import { endSessionsOf } from '../sessions/end-sessions.ts';
import { confirmPassword } from './confirm-password.ts';
import { checkPolicy } from './policy.ts';
import { storePassword } from './store-password.ts';

/** A new password in place of the present one; every other session ends. Throws `invalid_credentials`, `weak_password`. */
export async function changePassword(
  deps: AccountsDeps,
  request: {
    userId: string;
    password: string;
    newPassword: string;
    sessionId: string | undefined;
    address: string;
  },
): Promise<void> {
  await confirmPassword(deps, request, (known) => replacePassword(deps, request, known));
}

async function replacePassword(
  deps: AccountsDeps,
  request: { newPassword: string; sessionId: string | undefined },
  known: UserRow,
): Promise<void> {
  checkPolicy(request.newPassword, known);
  const hash = await deps.hasher.hash(request.newPassword);
  await deps.db.transaction(async (tx) => {
    const user = await findToChange(tx, known.id);
    // Two changes at once: the second was made with a password that holds no more.
    if (user.password !== known.password)
      throw accountErrors.problem(
        'invalid_credentials',
        'The password was changed by another request meanwhile. Sign in again.',
      );
    const now = deps.clock.now();
    await storePassword(tx, user.id, hash, now);
    const except = request.sessionId === undefined ? {} : { except: request.sessionId };
    await endSessionsOf(tx, user.id, { reason: 'the password was changed', ...except }, now);
    await record(tx, user, { action: 'account.password_changed', subject: `account:${user.id}` });
  });
}

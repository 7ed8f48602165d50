import { accountErrors } from '@labwright/contract-hub/accounts';
import { isProblem } from '@labwright/kernel/errors';
import { countAttempt } from '../attempts/attempts.ts';
import type { AccountsDeps } from '../deps.ts';
import { findUser } from '../people/find-user.ts';
import type { UserRow } from '../people/user-row.ts';
import { invalidCredentials } from '../sessions/sign-in.ts';

/**
 * The password again, before `work`, which a stolen session must not do. A wrong password counts like one at sign-in, and so does a wrong code that
 * `work` looks at. Throws `invalid_credentials`, `too_many_attempts`, and what `work` throws.
 */
export async function confirmPassword<T>(
  deps: AccountsDeps,
  { userId, password, address }: { userId: string; password: string; address: string },
  work: (user: UserRow) => Promise<T>,
): Promise<T> {
  const user = await findUser(deps.db, userId);
  const attempt = await countAttempt(deps, user.email, address);
  if (user.password === null || !(await deps.hasher.verify(password, user.password)))
    throw invalidCredentials();
  try {
    const done = await work(user);
    await attempt.giveBack();
    return done;
  } catch (error) {
    if (!isProblem(error, 'wrong_code')) await attempt.giveBack();
    throw error;
  }
}

/** Throws `code_required` where the account has a second factor and nothing of it was shown. */
export function demandCode({ second_factor }: UserRow, code: string | undefined): void {
  if (!second_factor || code !== undefined) return;
  throw accountErrors.problem(
    'code_required',
    'This account has a second factor: send a code of it in `code`, beside the password. Nothing was done.',
    { faults: [{ path: 'body.code', message: 'is required here' }] },
  );
}

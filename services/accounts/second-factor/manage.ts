import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { countAttempt } from '../attempts/attempts.ts';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { confirmPassword } from '../passwords/confirm-password.ts';
import { findToChange, findUser } from '../people/find-user.ts';
import type { UserRow } from '../people/user-row.ts';
import { newRecoveryCodes } from './recovery-codes.ts';
import { sealedFor, takeCode } from './take-code.ts';
import { newSecret } from './totp.ts';

const offer = command(
  'accounts.second_factors.offer',
  `INSERT INTO second_factors (user_id, secret, created_at) VALUES ($1, $2, $3)
   ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
   WHERE second_factors.confirmed_at IS NULL`,
);
const confirm = command(
  'accounts.second_factors.confirm',
  'UPDATE second_factors SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL',
);
const remove = command('accounts.second_factors.remove', 'DELETE FROM second_factors WHERE user_id = $1');
const removeCodes = command(
  'accounts.second_factors.remove_codes',
  'DELETE FROM recovery_codes WHERE user_id = $1',
);

/** A secret for an authenticator app; it asks for nothing yet. Throws `second_factor_set`, `invalid_credentials`. */
export async function offerSecondFactor(
  deps: AccountsDeps,
  request: { userId: string; password: string; address: string },
): Promise<{ secret: string; url: string }> {
  return confirmPassword(deps, request, async (user) => {
    const { secret, url } = newSecret(user.email);
    const sealed = deps.vault.seal(secret, sealedFor(user.id));
    if ((await deps.db.execute(offer, [user.id, sealed, timestamp(deps.clock.now())])) === 0)
      throw alreadySet();
    return { secret, url };
  });
}

/**
 * The authenticator works: from now on its codes are asked for. Throws `wrong_code`, `second_factor_missing`, `second_factor_set`, `too_many_attempts`.
 */
export async function confirmSecondFactor(
  deps: AccountsDeps,
  { userId, code, address }: { userId: string; code: string; address: string },
): Promise<{ recovery_codes: string[] }> {
  const { email } = await findUser(deps.db, userId);
  const attempt = await countAttempt(deps, email, address);
  const set = await deps.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    if (user.second_factor) throw alreadySet();
    await takeCode(deps, tx, user.id, code);
    await tx.execute(confirm, [user.id, timestamp(deps.clock.now())]);
    await record(tx, user, { action: 'account.second_factor_set', subject: `account:${user.id}` });
    return { recovery_codes: await newRecoveryCodes(tx, user.id) };
  });
  await attempt.giveBack();
  return set;
}

/** By its owner, who shows password and code. Throws `invalid_credentials`, `wrong_code`, `second_factor_missing`. */
export async function removeOwnSecondFactor(
  deps: AccountsDeps,
  request: { userId: string; password: string; code: string; address: string },
): Promise<void> {
  await confirmPassword(deps, request, () =>
    deps.db.transaction(async (tx) => {
      const user = await lockUser(tx, request.userId);
      await takeCode(deps, tx, user.id, request.code);
      await removeFactor(tx, user);
    }),
  );
}

/** New recovery codes in place of the old ones, used or not. */
export async function renewRecoveryCodes(
  deps: AccountsDeps,
  request: { userId: string; password: string; code: string; address: string },
): Promise<{ recovery_codes: string[] }> {
  return confirmPassword(deps, request, () =>
    deps.db.transaction(async (tx) => {
      const user = await lockUser(tx, request.userId);
      await takeCode(deps, tx, user.id, request.code);
      await record(tx, user, { action: 'account.recovery_codes_renewed', subject: `account:${user.id}` });
      return { recovery_codes: await newRecoveryCodes(tx, user.id) };
    }),
  );
}

/** By an administrator, for somebody who lost the phone and the recovery codes. Throws `user_not_found`, `second_factor_missing`. */
export async function resetSecondFactor(deps: AccountsDeps, userId: string, reason: string): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user.second_factor)
      throw accountErrors.problem(
        'second_factor_missing',
        `${user.name} has no second factor; there is nothing to remove.`,
      );
    await removeFactor(tx, user, reason);
  });
}

async function removeFactor(tx: Queryable, user: UserRow, reason?: string): Promise<void> {
  await tx.execute(remove, [user.id]);
  await tx.execute(removeCodes, [user.id]);
  await record(tx, user, { action: 'account.second_factor_removed', subject: `account:${user.id}`, reason });
}

const lockUser = (tx: Queryable, id: string) => findToChange(tx, id);

const alreadySet = () =>
  accountErrors.problem('second_factor_set', 'This account has a second factor already. Remove it first.');

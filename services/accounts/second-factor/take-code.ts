import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { useRecoveryCode } from './recovery-codes.ts';
import { stepOf } from './totp.ts';

const find = rows(
  'accounts.second_factors.find',
  Type.Object({ secret: Type.String(), confirmed: Type.Boolean() }),
  'SELECT secret, confirmed_at IS NOT NULL AS confirmed FROM second_factors WHERE user_id = $1',
);
// Steps only rise: a code that somebody has watched being typed is good no more.
const take = command(
  'accounts.second_factors.take',
  'UPDATE second_factors SET last_step = $2::bigint WHERE user_id = $1 AND last_step < $2::bigint',
);

export const sealedFor = (userId: string) => `second factor of ${userId}`;

/** Takes a code of the authenticator, or a recovery code where it is set. Throws `wrong_code`, `second_factor_missing`. */
export async function takeCode(
  { vault, clock, log }: Pick<AccountsDeps, 'vault' | 'clock' | 'log'>,
  tx: Queryable,
  userId: string,
  code: string,
): Promise<void> {
  const now = clock.now();
  const factor = await tx.first(find, [userId]);
  if (!factor)
    throw accountErrors.problem(
      'second_factor_missing',
      'This account has no second factor. POST /me/second-factor begins one.',
    );
  if (!/^\d{6}$/.test(code)) {
    if (factor.confirmed && (await useRecoveryCode(tx, userId, code, timestamp(now)))) return;
    throw wrongCode();
  }
  const secret = vault.open(factor.secret, sealedFor(userId));
  if (secret === undefined) {
    log.error({ user: userId }, 'a second factor was sealed with another secret key than this one');
    throw accountErrors.problem(
      'wrong_code',
      'The second factor of this account cannot be read any more, for the secret key of the laboratory has changed. Use a recovery code, or ask an administrator to remove it.',
    );
  }
  const step = stepOf(secret, code, now);
  if (step === undefined || (await tx.execute(take, [userId, step])) === 0) throw wrongCode();
}

const wrongCode = () =>
  accountErrors.problem(
    'wrong_code',
    'The code is wrong, or was used already. Wait for the next one of the authenticator, or use a recovery code.',
  );

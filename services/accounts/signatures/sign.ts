import { randomUUID } from 'node:crypto';
import {
  type SignAnswer,
  type SignatureClaims,
  type SignRequest,
  signatureProfile,
  timeOf,
} from '@labwright/contract-hub/signatures';
import { SignJWT } from 'jose';
import { record } from '../audit.ts';
import type { AccountsDeps } from '../deps.ts';
import { confirmPassword, demandCode } from '../passwords/confirm-password.ts';
import type { UserRow } from '../people/user-row.ts';
import { takeCode } from '../second-factor/take-code.ts';

/**
 * An electronic signature: whoever is signed in shows the password again, and a code where the account has a second factor, and gets a statement of who
 * signs what with which meaning. It is good for five minutes and for one time, which whoever takes it sees to. Throws `invalid_credentials`,
 * `code_required`, `wrong_code`, `too_many_attempts`.
 */
export async function sign(
  deps: AccountsDeps,
  { userId, address, password, code, ...what }: SignRequest & { userId: string; address: string },
): Promise<SignAnswer> {
  return confirmPassword(deps, { userId, password, address }, (user) => state(deps, user, code, what));
}

async function state(
  deps: AccountsDeps,
  user: UserRow,
  code: string | undefined,
  what: Omit<SignRequest, 'password' | 'code'>,
): Promise<SignAnswer> {
  demandCode(user, code);
  const id = randomUUID();
  const iat = Math.floor(deps.clock.now() / 1_000);
  const exp = iat + signatureProfile.lifetime;
  const claims: SignatureClaims = {
    iss: signatureProfile.issuer,
    aud: signatureProfile.audience,
    sub: user.id,
    name: user.name,
    jti: id,
    iat,
    exp,
    ...what,
  };
  const { kid, key } = await deps.keys.current();
  const signature = await new SignJWT(claims)
    .setProtectedHeader({ alg: signatureProfile.algorithm, typ: signatureProfile.type, kid })
    .sign(key);
  await deps.db.transaction(async (tx) => {
    if (user.second_factor) await takeCode(deps, tx, user.id, code ?? '');
    await record(tx, user, {
      action: 'signature.make',
      subject: `account:${user.id}`,
      after: { id, action: what.action, subject: what.subject, meaning: what.meaning },
    });
  });
  return { signature, id, name: user.name, ...what, signed_at: timeOf(iat), expires_at: timeOf(exp) };
}

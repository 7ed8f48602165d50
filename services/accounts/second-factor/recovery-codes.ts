import { randomBytes } from 'node:crypto';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { digest } from '../secrets/vault.ts';

const count = 10;
/** Base32 without what looks alike: 32 letters, 16 of them are 80 bits. */
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

const remove = command('accounts.recovery_codes.remove', 'DELETE FROM recovery_codes WHERE user_id = $1');
const insert = command(
  'accounts.recovery_codes.insert',
  'INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])',
);
const use = command(
  'accounts.recovery_codes.use',
  'UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL',
);

/** Ten new ones in place of any before. Shown once; only their hashes are kept. */
export async function newRecoveryCodes(tx: Queryable, userId: string): Promise<string[]> {
  const codes = Array.from({ length: count }, randomCode);
  await tx.execute(remove, [userId]);
  await tx.execute(insert, [userId, codes.map(hashOf)]);
  return codes;
}

/** Uses one up; false where it is none of them or was used. */
export const useRecoveryCode = async (tx: Queryable, userId: string, code: string, at: string) =>
  (await tx.execute(use, [userId, hashOf(code), at])) > 0;

function randomCode(): string {
  const text = Array.from(randomBytes(16), (byte) => letters[byte % 32]).join('');
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

const hashOf = (code: string) => digest(code.replaceAll('-', '').toUpperCase());

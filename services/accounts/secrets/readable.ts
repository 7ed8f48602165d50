import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { sealedFor } from '../second-factor/take-code.ts';
import { purpose } from '../tokens/signing-keys.ts';
import { createVault } from './vault.ts';

/** Signing keys, a handful, and some second factors: whoever has changed the key has changed it for all. */
const sealed = rows(
  'accounts.sealed',
  Type.Object({ kind: Type.String(), id: Type.String(), text: Type.String() }),
  `SELECT 'key' AS kind, kid AS id, private_key AS text FROM signing_keys
   UNION ALL
   (SELECT 'factor', user_id, secret FROM second_factors ORDER BY user_id LIMIT 100)`,
);

/** Of what the database keeps sealed, how much this key opens. Undefined: no key. */
export async function readableKeys(
  db: Queryable,
  key: Buffer | undefined,
): Promise<{ total: number; readable: number }> {
  const found = await db.query(sealed);
  if (!key) return { total: found.length, readable: 0 };
  const vault = createVault(key);
  const opens = ({ kind, id, text }: { kind: string; id: string; text: string }) =>
    vault.open(text, kind === 'key' ? purpose(id) : sealedFor(id)) !== undefined;
  return { total: found.length, readable: found.filter(opens).length };
}

import type { Jwk, JwkSet } from '@labwright/contract-hub/identity';
import { tokenProfile } from '@labwright/contract-hub/identity';
import type { Clock } from '@labwright/kernel/clock';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import type { Log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import Type, { type Static } from 'typebox';
import { days, minutes, timestamp } from '../deps.ts';
import type { Vault } from '../secrets/vault.ts';

/** How long one key signs, how long before that it is published, and how long it is published after its last token is over. */
const signs = 30 * days;
const ahead = 60 * minutes;
const slack = 5 * minutes;
const tokenLifetime = tokenProfile.lifetime * 1_000;
/** The table is looked at this often; much more often than `ahead`, so that nobody signs with a key that others do not know. */
const freshFor = 5 * minutes;

const KeyRow = Type.Object({
  kid: Type.String(),
  public_x: Type.String(),
  private_key: Type.String(),
  signs_from: Timestamp,
  signs_until: nullable(Timestamp),
});
type KeyRow = Static<typeof KeyRow>;
const columns = 'kid, public_x, private_key, signs_from, signs_until';

// A handful of rows: a key is deleted when its last token is over.
const all = rows(
  'accounts.keys.all',
  KeyRow,
  `SELECT ${columns} FROM signing_keys WHERE signs_until IS NULL OR signs_until > $1 ORDER BY signs_from`,
);
const insert = command(
  'accounts.keys.insert',
  'INSERT INTO signing_keys (kid, public_x, private_key, signs_from, created_at) VALUES ($1, $2, $3, $4, $5)',
);
const close = command(
  'accounts.keys.close',
  'UPDATE signing_keys SET signs_until = $1 WHERE signs_until IS NULL AND kid <> $2',
);
const remove = command('accounts.keys.remove', 'DELETE FROM signing_keys WHERE signs_until <= $1');
const lock = command('accounts.keys.lock', "SELECT pg_advisory_xact_lock(hashtext('accounts.signing_keys'))");

export interface SigningKeys {
  /** What to verify with: everything that signs, did until lately or will next. */
  jwks(): Promise<JwkSet>;
  /** The key that signs now. */
  current(): Promise<{ kid: string; key: CryptoKey | Uint8Array }>;
  /** Makes the next key where the present one is nearly at its end, and removes those of which no token is left. Any process may, at any time. */
  rotate(): Promise<void>;
}

/** The keys of the database, which all processes share; private ones readable with the vault's key alone. */
export function signingKeys(deps: { db: Db; vault: Vault; clock: Clock; log: Log }): SigningKeys {
  const { db, clock } = deps;
  const imported = new Map<string, Promise<CryptoKey | Uint8Array>>();
  let known: { rows: KeyRow[]; readAt: number } | undefined;
  let reading: Promise<KeyRow[]> | undefined;

  const read = async () => {
    const now = clock.now();
    if (known && now - known.readAt < freshFor && now >= known.readAt) return known.rows;
    reading ??= load().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  const load = async () => {
    const now = clock.now();
    const found = await db.transaction((tx) => ensure(tx, deps, now));
    known = { rows: found, readAt: now };
    return found;
  };

  return {
    jwks: async () => ({ keys: (await read()).map(toJwk) }),
    current: async () => {
      const now = clock.now();
      const row = newestToSign(await read(), deps.vault, now) ?? newestToSign(await load(), deps.vault, now);
      if (!row) throw new Error('No key can sign');
      let key = imported.get(row.kid);
      if (!key) {
        key = importJWK(JSON.parse(privateOf(row, deps.vault) ?? '') as JWK, tokenProfile.algorithm);
        imported.set(row.kid, key);
      }
      return { kid: row.kid, key: await key };
    },
    rotate: async () => {
      await load();
    },
  };
}

/** Removes, makes what is missing, and answers what is then there. */
async function ensure(
  tx: Queryable,
  { vault, log }: { vault: Vault; log: Log },
  now: number,
): Promise<KeyRow[]> {
  await tx.execute(lock);
  const oldest = timestamp(now - tokenLifetime - slack);
  await tx.execute(remove, [oldest]);
  const found = await tx.query(all, [oldest]);
  const readable = found.filter((row) => privateOf(row, vault) !== undefined);
  const newest = readable.at(-1);
  if (newest && Date.parse(newest.signs_from) + signs - ahead > now) return found;
  if (found.length > 0 && !newest)
    log.warn('The signing keys were sealed with another secret key than this one; a new one is made.');
  // Without a predecessor there is nothing to wait for: nobody has the keys yet, or nobody can use them.
  const from = newest ? now + ahead : now;
  await makeKey(tx, vault, from, now);
  return tx.query(all, [oldest]);
}

async function makeKey(tx: Queryable, vault: Vault, from: number, now: number): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(tokenProfile.algorithm, {
    crv: 'Ed25519',
    extractable: true,
  });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = vault.seal(JSON.stringify(await exportJWK(privateKey)), purpose(kid));
  await tx.execute(insert, [kid, jwk.x, sealed, timestamp(from), timestamp(now)]);
  await tx.execute(close, [timestamp(from), kid]);
}

export const purpose = (kid: string) => `signing key ${kid}`;
const privateOf = (row: KeyRow, vault: Vault) => vault.open(row.private_key, purpose(row.kid));

const newestToSign = (found: readonly KeyRow[], vault: Vault, now: number) =>
  found.findLast((row) => Date.parse(row.signs_from) <= now && privateOf(row, vault) !== undefined);

const toJwk = ({ kid, public_x }: KeyRow): Jwk => ({
  kty: 'OKP',
  crv: 'Ed25519',
  kid,
  x: public_x,
  use: 'sig',
  alg: tokenProfile.algorithm,
});

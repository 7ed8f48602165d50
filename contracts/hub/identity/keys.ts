import { commonErrors } from '@labwright/kernel/errors';
import { type CryptoKey, importJWK } from 'jose';
import { Compile } from 'typebox/compile';
import { Jwk, type JwkSet, tokenProfile } from '../identity.ts';

/** The hub's public keys. */
export interface Keys {
  /** The key of this id; undefined: the hub has none. Throws `identity_unavailable` where it can't be asked. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** Another number whenever a key is gone: what it signed is then good no more. */
  readonly generation: number;
}

export interface KeysOptions {
  fetch: () => Promise<JwkSet>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** After this the keys are asked for again, and served as they are meanwhile. A key that is taken away ends within this time. */
const maxAgeMs = 300_000;
/** An id that nobody knows is asked for at most this often: anybody can invent ids. */
const cooldownMs = 5_000;
const mostKeys = 50;

const isKey = Compile(Jwk);

/**
 * The keys as they were last seen, for as long as the hub is away. A new id is fetched at once, so rotation needs no agreement between clocks; many requests
 * with it wait for one fetch. Keys of another kind are passed over: a key says itself what it is for, never the token.
 */
export function createKeys({ fetch, now }: KeysOptions): Keys {
  let keys = new Map<string, CryptoKey>();
  let generation = 0;
  let triedAt = Number.NEGATIVE_INFINITY;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  const load = async () => {
    const { keys: listed } = await fetch();
    const next = new Map<string, CryptoKey>();
    for (const jwk of listed.slice(0, mostKeys)) {
      if (!isKey.Check(jwk)) continue;
      const key = await importJWK(jwk, tokenProfile.algorithm);
      if (!(key instanceof Uint8Array)) next.set(jwk.kid, key);
    }
    if ([...keys.keys()].some((kid) => !next.has(kid))) generation += 1;
    keys = next;
    fetchedAt = now();
  };

  const refresh = () => {
    triedAt = now();
    pending ??= load().finally(() => {
      pending = undefined;
    });
    return pending;
  };

  return {
    get generation() {
      return generation;
    },
    find: async (kid) => {
      const known = keys.get(kid);
      const rested = now() - triedAt >= cooldownMs;
      if (known) {
        // In the background: the hub may be slow, and the key was good a moment ago.
        if (rested && now() - fetchedAt >= maxAgeMs) refresh().catch(() => {});
        return known;
      }
      if (pending || rested) await refresh().catch((error) => Promise.reject(unavailable(error)));
      else if (fetchedAt < triedAt) throw unavailable();
      return keys.get(kid);
    },
  };
}

/** Nobody can tell good from bad without asking the hub, and it does not answer. */
export const unavailable = (cause?: unknown) =>
  commonErrors.problem(
    'identity_unavailable',
    'hub-service cannot be asked at present who somebody is; nothing was done. Try again shortly.',
    { retryAfter: 5, ...(cause === undefined ? {} : { cause }) },
  );

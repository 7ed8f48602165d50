import { createHash } from 'node:crypto';
import type { IdentityApi, Revocation, TokenHolder } from '../identity.ts';
import { unavailable } from './keys.ts';

export interface ApiTokens {
  /** Whom an API token stands for; null: nobody. Throws `identity_unavailable` where the hub does not answer and nothing is known of it. */
  find(token: string): Promise<TokenHolder | null>;
  /** Forgets what this revocation concerns. */
  forget(revocation: Revocation): void;
}

export interface ApiTokensOptions {
  introspect: IdentityApi['introspect'];
  now: () => number;
  /** Milliseconds for which an answer is good while the hub is away. */
  awayMs: number;
}

/** Milliseconds for which an answer is good: how long a new role of the owner may take to show. What is revoked is forgotten at once. */
const freshMs = 30_000;
/** Who guesses tokens must not push out those that are in use. */
const mostHolders = 5_000;
const mostNobodies = 1_000;
const longest = 512;

interface Found {
  readonly holder: TokenHolder | null;
  readonly at: number;
}

/** Asks the hub whom an API token stands for, and remembers it for a moment by the SHA-256 of the token. Many requests with one token wait for one answer. */
export function createApiTokens({ introspect, now, awayMs }: ApiTokensOptions): ApiTokens {
  const holders = new Map<string, Found>();
  const nobodies = new Map<string, Found>();
  const pending = new Map<string, Promise<TokenHolder | null>>();
  // Rises with each revocation: an answer that was under way meanwhile may be older than it.
  let epoch = 0;

  const remember = (key: string, found: Found) => {
    const [map, most] = found.holder ? [holders, mostHolders] : [nobodies, mostNobodies];
    map.delete(key);
    if (map.size >= most) map.delete(map.keys().next().value ?? '');
    map.set(key, found);
    (found.holder ? nobodies : holders).delete(key);
  };

  const ask = async (token: string, key: string): Promise<TokenHolder | null> => {
    for (;;) {
      const before = epoch;
      const at = now();
      const holder = await introspect(token);
      // It may be older than what was revoked meanwhile: whoever asked since then must not get it.
      if (before !== epoch) continue;
      remember(key, { holder, at });
      return holder;
    }
  };

  return {
    find: async (token) => {
      if (token.length > longest) return null;
      const key = createHash('sha256').update(token).digest('base64url');
      const known = holders.get(key) ?? nobodies.get(key);
      const age = known ? now() - known.at : Number.POSITIVE_INFINITY;
      if (known && age <= freshMs) return valid(known.holder, now());
      let answer = pending.get(key);
      if (!answer) {
        answer = ask(token, key).finally(() => pending.delete(key));
        pending.set(key, answer);
      }
      const holder = await answer.catch((error) => {
        // Forgotten meanwhile: then it was revoked.
        const still = holders.get(key);
        if (still && age <= awayMs) return still.holder;
        throw unavailable(error);
      });
      return valid(holder, now());
    },
    forget: ({ kind, value }) => {
      if (kind === 'session') return;
      epoch += 1;
      for (const [key, { holder }] of holders)
        if ((kind === 'token' ? holder?.token_id : holder?.owner_id) === value) holders.delete(key);
    },
  };
}

function valid(holder: TokenHolder | null, now: number): TokenHolder | null {
  return holder?.expires_at && Date.parse(holder.expires_at) <= now ? null : holder;
}

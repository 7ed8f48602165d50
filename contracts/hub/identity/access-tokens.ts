import { commonErrors } from '@labwright/kernel/errors';
import { errors, jwtVerify } from 'jose';
import { Compile } from 'typebox/compile';
import { AccessClaims, tokenProfile } from '../identity.ts';
import type { Keys } from './keys.ts';

/** Seconds by which the clocks of two machines may differ. */
export const clockTolerance = 5;
/** Tokens that were checked lately; one takes less than a kilobyte. */
const mostChecked = 5_000;
const longest = 4_096;

const isClaims = Compile(AccessClaims);

export interface AccessTokens {
  /** The claims of a good token. Throws `unauthenticated` for any other, `identity_unavailable` where its key can't be had. */
  check(token: string): Promise<AccessClaims>;
}

/**
 * Checks access tokens without asking anybody: one algorithm, the hub's keys only, the right type, issuer and audience, not expired, not from the
 * future, no longer than it may last. A token that was found good is not checked again until it ends or a key is gone; whether it was revoked is another
 * question, asked each time (`revocations.ts`).
 */
export function createAccessTokens({ keys, now }: { keys: Keys; now: () => number }): AccessTokens {
  const checked = new Map<string, AccessClaims>();
  let generation = keys.generation;

  const verify = async (token: string): Promise<AccessClaims> => {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = typeof kid === 'string' && kid.length <= 200 ? await keys.find(kid) : undefined;
        if (!key) throw refused('it is signed with a key that the hub does not have');
        return key;
      },
      {
        algorithms: [tokenProfile.algorithm],
        typ: tokenProfile.type,
        issuer: tokenProfile.issuer,
        audience: tokenProfile.audience,
        clockTolerance,
        maxTokenAge: tokenProfile.lifetime,
        currentDate: new Date(now()),
      },
    );
    if (!isClaims.Check(payload)) throw refused('it lacks what an access token says');
    return payload;
  };

  return {
    check: async (token) => {
      if (generation !== keys.generation) {
        checked.clear();
        generation = keys.generation;
      }
      const known = checked.get(token);
      if (known && (known.exp + clockTolerance) * 1_000 > now()) return known;
      if (token.length > longest) throw refused('it is too long');
      const before = keys.generation;
      const claims = await verify(token).catch((error) => Promise.reject(reasonOf(error)));
      if (before === keys.generation) {
        // The oldest goes: a Map keeps the order in which its members came.
        if (checked.size >= mostChecked) checked.delete(checked.keys().next().value ?? '');
        checked.set(token, claims);
      }
      return claims;
    },
  };
}

const refused = (why: string) =>
  commonErrors.problem(
    'unauthenticated',
    `The access token is not valid: ${why}. Nothing was done. Sign in again, or refresh it.`,
  );

/** Tells what helps an honest caller, and nothing of what a forger got right. */
function reasonOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return refused('it has expired');
  if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
    return refused('it is not one of this laboratory');
  return error;
}

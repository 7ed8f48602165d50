import { randomUUID } from 'node:crypto';
import { type AccessClaims, tokenProfile } from '@labwright/contract-hub/identity';
import { SignJWT } from 'jose';
import type { AccountsDeps } from '../deps.ts';
import type { UserRow } from '../people/user-row.ts';

/**
 * An access token for this session: 15 minutes from now. Where the person was revoked within this very second, a second later: otherwise
 * nobody could tell it from those that are not good any more.
 */
export async function accessToken(
  { keys, clock }: Pick<AccountsDeps, 'keys' | 'clock'>,
  user: UserRow,
  sessionId: string,
): Promise<{ token: string; expiresAt: number }> {
  const { kid, key } = await keys.current();
  const revoked = user.revoked_until === null ? 0 : Date.parse(user.revoked_until) / 1_000;
  const iat = Math.max(Math.floor(clock.now() / 1_000), Math.floor(revoked) - tokenProfile.lifetime + 1);
  const exp = iat + tokenProfile.lifetime;
  const claims: AccessClaims = {
    iss: tokenProfile.issuer,
    aud: tokenProfile.audience,
    sub: user.id,
    name: user.name,
    role: user.role,
    sid: sessionId,
    jti: randomUUID(),
    iat,
    exp,
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: tokenProfile.algorithm, typ: tokenProfile.type, kid })
    .sign(key);
  return { token, expiresAt: exp * 1_000 };
}

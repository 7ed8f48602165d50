import { commonErrors } from '@labwright/kernel/errors';
import type { Authenticate, Principal } from '@labwright/kernel/identity';
import { accessCookie, apiTokenPrefix } from '../identity.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { Revocations } from './revocations.ts';
import type { ServiceTokens } from './service-token.ts';

export interface AuthenticatorOptions {
  accessTokens: AccessTokens;
  apiTokens: ApiTokens;
  revocations: Pick<Revocations, 'mustFollow' | 'ofAccess' | 'ofApiToken'>;
  serviceTokens?: ServiceTokens;
}

/**
 * Who a request comes from. `Authorization: Bearer …`: another service, an API token (`lw_…`) or an access token; cookies do not count beside it.
 * Without it, the access token in the cookie. Throws `unauthenticated` for what is shown and not good, `identity_unavailable` where nobody can tell.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const { accessTokens, apiTokens, revocations, serviceTokens } = options;

  const byAccessToken = async (token: string): Promise<Principal> => {
    const claims = await accessTokens.check(token);
    revocations.mustFollow();
    if (revocations.ofAccess(claims))
      throw commonErrors.problem(
        'unauthenticated',
        'This access token was revoked: its session has ended, or the account has changed. Nothing was done. Sign in again.',
      );
    const scopes = claims.scope === undefined ? null : claims.scope.split(' ').filter(Boolean);
    return { id: claims.sub, kind: 'user', name: claims.name, role: claims.role, scopes };
  };

  const byApiToken = async (token: string): Promise<Principal> => {
    revocations.mustFollow();
    const holder = await apiTokens.find(token);
    if (!holder || revocations.ofApiToken(holder.token_id))
      throw commonErrors.problem(
        'unauthenticated',
        'This API token is not valid: it was mistyped, revoked, or has expired. Nothing was done. Ask for a new one.',
      );
    const { token_id, name, role, scopes } = holder;
    return { id: token_id, kind: 'token', name, role, scopes };
  };

  return async ({ headers }) => {
    const { authorization } = headers;
    if (authorization === undefined) {
      const token =
        cookieOf(headers.cookie, accessCookie.secure) ?? cookieOf(headers.cookie, accessCookie.plain);
      return token === undefined ? undefined : byAccessToken(token);
    }
    const token = typeof authorization === 'string' && /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (!token)
      throw commonErrors.problem(
        'unauthenticated',
        'The header Authorization is not "Bearer …" with a token. Nothing was done.',
      );
    const service = serviceTokens?.find(token, headers);
    if (service) return service;
    return token.startsWith(apiTokenPrefix) ? byApiToken(token) : byAccessToken(token);
  };
}

/** The first of its name: a browser sends the one with the longest path first. Tokens need no decoding. */
function cookieOf(header: string | string[] | undefined, name: string): string | undefined {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}

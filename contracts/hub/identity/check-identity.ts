import type { Clock } from '@labwright/kernel/clock';
import type { Identity } from '@labwright/kernel/identity';
import type { Log } from '@labwright/kernel/log';
import type { IdentityApi } from '../identity.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createApiTokens } from './api-tokens.ts';
import { createAuthenticator } from './authenticator.ts';
import { createKeys } from './keys.ts';
import { followRevocations, type Revocations } from './revocations.ts';
import { createServiceTokens } from './service-token.ts';

export interface CheckIdentityOptions {
  /** The hub: the object in the same process, or `identityClient`. */
  hub: IdentityApi;
  clock: Clock;
  log: Log;
  /** The first is the one that is shown, all of them are good. */
  serviceTokens?: readonly string[];
  /** Milliseconds for which people and tokens go on while the hub is away. No access token lasts longer than the default, 900,000. */
  awayMs?: number;
}

/** All that a service needs to know who asks: the keys, what was revoked, and whom API tokens stand for. Start it before the server listens. */
export function checkIdentity(
  options: CheckIdentityOptions,
): Identity & { readonly revocations: Revocations } {
  const { hub, clock, log, serviceTokens = [], awayMs = 900_000 } = options;
  const now = () => clock.now();
  const apiTokens = createApiTokens({ introspect: (token) => hub.introspect(token), now, awayMs });
  const revocations = followRevocations({ ask: (request) => hub.revocations(request), clock, log, awayMs });
  revocations.onRevoked((revocation) => apiTokens.forget(revocation));
  const keys = createKeys({ fetch: () => hub.jwks(), now });
  return {
    name: 'identity',
    revocations,
    authenticate: createAuthenticator({
      accessTokens: createAccessTokens({ keys, now }),
      apiTokens,
      revocations,
      serviceTokens: createServiceTokens(serviceTokens),
    }),
    start: () => revocations.start(),
    stop: () => revocations.stop(),
  };
}

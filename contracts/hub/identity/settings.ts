import type { Clock } from '@labwright/kernel/clock';
import { ConfigError, httpUrl, number, optional, type Setting } from '@labwright/kernel/config';
import type { Identity } from '@labwright/kernel/identity';
import type { Log } from '@labwright/kernel/log';
import { checkIdentity } from './check-identity.ts';
import { identityClient } from './client.ts';

/** Whoever guesses 32 characters at random has more patience than the universe. */
const shortestToken = 32;

/** What the services of one laboratory share; while it is changed, the new one and the old one with a comma between them. */
const serviceTokens: Setting<readonly string[]> = {
  doc: 'the secret by which services of one laboratory know each other, the same in all of them: openssl rand -hex 32',
  fallback: undefined,
  optional: false,
  parse: (value) => {
    const tokens = value.split(',').map((token) => token.trim());
    if (tokens.some((token) => token.length < shortestToken || !/^[\x21-\x7e]+$/.test(token)))
      throw new Error(`must have at least ${shortestToken} characters, without spaces`);
    return tokens;
  },
};

/** Of a service that runs alone and takes hub-service's word for who somebody is. */
export const identitySettings = {
  HUB_URL: optional(
    httpUrl({ doc: 'where hub-service answers, http://host:5000: whoever asks must then sign in' }),
  ),
  SERVICE_TOKEN: optional(serviceTokens),
  HUB_AWAY_SECONDS: number({
    doc: 'for how long people and tokens go on while hub-service cannot be asked what was revoked',
    fallback: '900',
    minimum: 1,
    maximum: 86_400,
  }),
};

export interface IdentityConfig {
  readonly HUB_URL?: string | undefined;
  readonly SERVICE_TOKEN?: readonly string[] | undefined;
  readonly HUB_AWAY_SECONDS: number;
}

export const remedyAlone = 'Set HUB_URL and SERVICE_TOKEN, so that it asks hub-service';

/** Undefined without accounts: then whoever sits at this machine is trusted. Throws `ConfigError` where one of the two is missing. */
export function identityFrom(config: IdentityConfig, deps: { clock: Clock; log: Log }): Identity | undefined {
  const { HUB_URL: url, SERVICE_TOKEN: tokens, HUB_AWAY_SECONDS: seconds } = config;
  if (!url && !tokens) return undefined;
  const token = tokens?.[0];
  if (!url || !tokens || !token)
    throw new ConfigError([
      `${url ? 'SERVICE_TOKEN' : 'HUB_URL'} is missing: HUB_URL and SERVICE_TOKEN go together. Without both there are no accounts`,
    ]);
  const hub = identityClient({ url, token });
  return checkIdentity({ ...deps, hub, serviceTokens: tokens, awayMs: seconds * 1_000 });
}

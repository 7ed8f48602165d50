import { secretKey } from '@labwright/accounts/secret-key';
import { defaultSignInsPerSecond } from '@labwright/accounts/settings';
import { identitySettings } from '@labwright/contract-hub/identity/settings';
import { ConfigError, flag, number, optional, text } from '@labwright/kernel/config';
import type { HubServiceOptions } from './service.ts';

const shortestSetupToken = 16;

/** Whether people sign in, and what their accounts are kept by. */
export const accountSettings = {
  LABWRIGHT_ACCOUNTS: flag({
    doc: 'people and machines sign in: 1; whoever sits at this machine is trusted, and nobody else gets in: 0',
    fallback: '0',
  }),
  LABWRIGHT_SECRET_KEY: optional(
    text({
      doc: 'what keys and second factors are encrypted with in the database, instead of the file secret-key in LABWRIGHT_HOME: openssl rand -base64 32',
    }),
  ),
  LABWRIGHT_SETUP_TOKEN: optional(
    text({ doc: 'what the first administrator shows, instead of the file setup-token in LABWRIGHT_HOME' }),
  ),
  SIGN_INS_PER_SECOND: number({
    doc: 'sign-ins a second in the long run, beyond 2 at once; others wait in line, so that who is signed in notices nothing',
    fallback: String(defaultSignInsPerSecond),
    minimum: 0.1,
    maximum: 10_000,
  }),
  SERVICE_TOKEN: identitySettings.SERVICE_TOKEN,
};

interface AccountConfig {
  readonly LABWRIGHT_ACCOUNTS: boolean;
  readonly LABWRIGHT_SECRET_KEY?: string | undefined;
  readonly LABWRIGHT_SETUP_TOKEN?: string | undefined;
  readonly SIGN_INS_PER_SECOND?: number | undefined;
  readonly SERVICE_TOKEN?: readonly string[] | undefined;
}

/** `home` is there and may be written to. Throws `ConfigError`. */
export async function accountsFrom(
  config: AccountConfig,
  home: string,
): Promise<Pick<HubServiceOptions, 'secretKey' | 'signInsPerSecond' | 'accounts'>> {
  const { LABWRIGHT_SETUP_TOKEN: token, SERVICE_TOKEN: serviceTokens = [] } = config;
  if (token !== undefined && token.length < shortestSetupToken)
    throw new ConfigError([`LABWRIGHT_SETUP_TOKEN must have at least ${shortestSetupToken} characters`]);
  const key = await secretKey({ setting: config.LABWRIGHT_SECRET_KEY, home });
  const own = { secretKey: key, signInsPerSecond: config.SIGN_INS_PER_SECOND };
  if (!config.LABWRIGHT_ACCOUNTS) return own;
  return { ...own, accounts: { setup: { home, token }, serviceTokens } };
}

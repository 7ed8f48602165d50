import { accountErrors } from '@labwright/contract-hub/accounts';
import type { IdentityApi } from '@labwright/contract-hub/identity';
import type { PeopleApi } from '@labwright/contract-hub/people';
import { loop } from '@labwright/kernel/lifecycle';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { introspect } from './api-tokens/introspect.ts';
import { apiTokenRoutes } from './api-tokens/routes.ts';
import type { AccountsDeps } from './deps.ts';
import { setupRoutes } from './first-admin/routes.ts';
import { forgetSetup, prepareSetup } from './first-admin/setup.ts';
import { passwordCheck } from './identity/better-auth.ts';
import { meRoutes } from './me/routes.ts';
import { createHasher } from './passwords/hasher.ts';
import { peopleApi } from './people/people-api.ts';
import { peopleRoutes } from './people/routes.ts';
import { revocationFeed } from './revocations/feed.ts';
import { createVault } from './secrets/vault.ts';
import { inTurn } from './sessions/in-turn.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { defaultSignInsPerSecond } from './settings.ts';
import { signatureRoutes } from './signatures/routes.ts';
import { sweep } from './sweep.ts';
import { identityRoutes } from './tokens/routes.ts';
import { signingKeys } from './tokens/signing-keys.ts';

export { secretKey } from './secrets/key.ts';
export { readableKeys } from './secrets/readable.ts';

export const accountsMigrations: MigrationSet = {
  name: 'accounts',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface AccountsOptions {
  /** 32 bytes that encrypt private keys and second factors, see `secretKey`. */
  secretKey: Buffer;
  /** Where the setup token is left while there is no administrator; null: nowhere, and none is needed, for this machine is trusted. */
  setup: { home: string; token?: string | undefined } | null;
  /** In the long run; 5 by default, and 2 at once before that counts. */
  signInsPerSecond?: number | undefined;
  /** Where people reach this laboratory, where that was said. */
  publicUrl?: string | undefined;
}

export interface Accounts extends Module {
  /** For whoever checks who asks, in this process; other services reach the same over HTTP. */
  readonly identity: IdentityApi;
  readonly people: PeopleApi;
  /** Once started: where the token of the first administrator stands; null where there is one. */
  readonly setupAt: string | null;
}

const sweepMs = 600_000;
/** One with each processor busy, and one on each side of it with the database. */
const signInsAtOnce = 4;

/** People, sessions, tokens and all that they may do. Serves before `start`; needs the tables of `engine/audit` beside its own. */
export function createAccounts(given: ServiceDeps, options: AccountsOptions): Accounts {
  const { db, clock, log, metrics } = given;
  const vault = createVault(options.secretKey);
  const hasher = createHasher(metrics);
  const keys = signingKeys({ db, vault, clock, log });
  const feed = revocationFeed({ db, clock });
  const deps: AccountsDeps = {
    ...given,
    vault,
    hasher,
    keys,
    checkPassword: passwordCheck({ db, hasher, log }),
    signInUrl: options.publicUrl?.startsWith('https:') ? options.publicUrl : null,
    signInTurn: inTurn({
      atOnce: signInsAtOnce,
      line: 64,
      perSecond: options.signInsPerSecond ?? defaultSignInsPerSecond,
      burst: 2,
    }),
  };
  const identity: IdentityApi = {
    jwks: () => keys.jwks(),
    revocations: (request) => feed.next(request),
    introspect: (token) => introspect(deps, token),
  };
  let setupAt: string | null = null;
  const setUp = async () => {
    setupAt = null;
    if (options.setup) await forgetSetup(options.setup.home);
  };
  const sweeping = loop({
    name: 'accounts housekeeping',
    idleMs: sweepMs,
    log,
    work: () => sweep(deps, feed),
  });
  return {
    name: 'accounts',
    errors: [accountErrors],
    identity,
    people: peopleApi(db),
    get setupAt() {
      return setupAt;
    },
    routes: async (app) => {
      for (const routes of [sessionRoutes, meRoutes, peopleRoutes, apiTokenRoutes, signatureRoutes])
        routes(deps)(app);
      identityRoutes(identity)(app);
      setupRoutes(deps, setUp)(app);
    },
    start: async () => {
      await keys.jwks();
      if (options.setup) {
        setupAt = await prepareSetup(deps, options.setup);
        if (setupAt)
          log.warn(
            { where: setupAt },
            'nobody has an account yet: POST /setup with the setup token that stands there',
          );
      }
      await feed.start();
      await sweeping.start();
    },
    stop: async () => {
      await feed.stop();
      await sweeping.stop();
      await hasher.stop();
    },
  };
}

import type { ServiceDeps } from '@labwright/kernel/service';
import type { PasswordCheck } from './identity/better-auth.ts';
import type { Hasher } from './passwords/hasher.ts';
import type { Vault } from './secrets/vault.ts';
import type { InTurn } from './sessions/in-turn.ts';
import type { SigningKeys } from './tokens/signing-keys.ts';

/** What every use case of this domain may need. */
export interface AccountsDeps extends ServiceDeps {
  readonly hasher: Hasher;
  readonly vault: Vault;
  readonly keys: SigningKeys;
  readonly checkPassword: PasswordCheck;
  /** Where people sign in over https; null: nobody has said. */
  readonly signInUrl: string | null;
  /** The line of those who sign in. */
  readonly signInTurn: InTurn;
}

export const minutes = 60_000;
export const days = 24 * 60 * minutes;

/** How long things last, in milliseconds. */
export const lifetimes = {
  refreshToken: 7 * days,
  challenge: 10 * minutes,
  invitation: 7 * days,
} as const;

/** For a column of type `timestamptz`. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();

import { type Asking, accountErrors } from '@labwright/contract-hub/accounts';
import { commonErrors } from '@labwright/kernel/errors';
import { currentPrincipal, type Principal } from '@labwright/kernel/identity';
import type { Static } from 'typebox';

/** Who asks, where that is a person with an account. Throws `people_only`. */
export function signedInUser(): Principal {
  const principal = currentPrincipal();
  if (principal.kind === 'user') return principal;
  throw accountErrors.problem(
    'people_only',
    `${principal.name} has no account: this is for people who signed in with address and password.`,
  );
}

/** Whoever asks, as every service sees them. */
export function currentAsking(): Static<typeof Asking> {
  const { kind, id, name, role } = currentPrincipal();
  if (kind === 'system') throw new Error('The laboratory itself sends no requests');
  return { kind, id, name, role };
}

/** For what only other services ask for. Throws `forbidden`. */
export function demandService(): void {
  const { kind, role, name } = currentPrincipal();
  if (kind === 'service' || (role === 'admin' && kind !== 'token')) return;
  throw commonErrors.problem(
    'forbidden',
    `This is for the services of the laboratory; ${name} is none of them.`,
  );
}

import { notificationErrors } from '@labwright/contract-hub/notifications';
import type { Principal } from '@labwright/kernel/identity';

/** The id of the person who asks. Throws `people_only` for a machine. */
export function personOf(request: { principal: Principal | null }): string {
  const { principal } = request;
  if (principal && (principal.kind === 'user' || principal.kind === 'local')) return principal.id;
  throw notificationErrors.problem(
    'people_only',
    `${principal?.name ?? 'This'} is no person, and has no inbox. Sign in as the person whose notifications are meant.`,
  );
}

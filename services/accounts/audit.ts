import { type Audited, recordAudit } from '@labwright/audit';
import type { Queryable } from '@labwright/kernel/db';
import { currentPrincipal, type Principal } from '@labwright/kernel/identity';
import type { UserRow } from './people/user-row.ts';

type Person = Pick<UserRow, 'id' | 'name'> & Partial<Pick<UserRow, 'role'>>;

/**
 * On record, in the transaction of the change. `self` is the person of the account, who acts where nobody is signed in yet: who shows a password, a refresh
 * token or an invitation.
 */
export const record = (tx: Queryable, self: Person, entry: Omit<Audited, 'actor'>): Promise<void> =>
  recordAudit(tx, { ...entry, actor: actorFor(self) });

function actorFor(self: Person): Principal {
  const asking = currentPrincipal();
  // A public route: nobody asks. A session that just began or ended is its owner's doing.
  if (asking.kind !== 'system') return asking;
  return { id: self.id, kind: 'user', name: self.name, role: self.role ?? 'viewer', scopes: null };
}

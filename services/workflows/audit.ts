import { type Approval, recordAudit } from '@labwright/audit';
import { carriedContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { currentPrincipal, type Principal, systemPrincipal } from '@labwright/kernel/identity';
import type { ActionArgs } from './workflow-row.ts';

/** Puts on record what was done to a workflow, in the transaction of the change. */
export const auditWorkflow = (
  tx: Queryable,
  workflowId: string,
  action: string,
  entry: {
    reason?: string | null | undefined;
    before?: unknown;
    after?: unknown;
    actor?: Principal;
    approval?: Approval | undefined;
  } = {},
): Promise<void> => {
  const { approval, ...rest } = entry;
  return recordAudit(tx, {
    action,
    subject: `workflow:${workflowId}`,
    ...rest,
    ...(approval ? { approval } : {}),
  });
};

/** What goes on by itself; whoever caused it, as far as that is known, is kept beside it. */
export const byItself = { actor: systemPrincipal };

/** Whoever asked for an action: also where another process brings it to its end, after a crash. */
export function actorOf({ by, context }: ActionArgs): Principal {
  if (by !== 'request') return systemPrincipal;
  return (context === undefined ? undefined : carriedContext(context).principal) ?? currentPrincipal();
}

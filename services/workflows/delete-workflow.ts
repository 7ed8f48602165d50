import { command } from '@labwright/kernel/statement';
import { actionInProgress } from './actions/claim.ts';
import { statesThatAllow, wrongState } from './allowed.ts';
import { auditWorkflow } from './audit.ts';
import type { CoreDeps } from './deps.ts';
import { findWorkflow, lockWorkflow } from './workflow-row.ts';

const remove = command(
  'workflows.delete',
  'DELETE FROM workflows WHERE id = $1 AND action IS NULL AND status = ANY($2::text[])',
);

/** Deletes a workflow that was never started. Throws `workflow_not_found`, `wrong_state`, `action_in_progress`. */
export async function deleteWorkflow(deps: CoreDeps, id: string): Promise<void> {
  const removed = await deps.db.transaction(async (tx) => {
    const [before, count] = await Promise.all([
      lockWorkflow(tx, id),
      tx.execute(remove, [id, statesThatAllow('delete')]),
    ]);
    if (count > 0 && before) {
      const { name, device_id, status } = before;
      await auditWorkflow(tx, id, 'workflow.delete', { before: { name, device_id, status } });
    }
    return count;
  });
  if (removed > 0) return;
  const found = await findWorkflow(deps.db, id);
  if (found.action !== null) throw actionInProgress(found);
  throw wrongState(found, 'delete');
}

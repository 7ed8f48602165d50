import type { Workflow } from '@labwright/contract-workflows';
import { performAction } from './actions/carry-out.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';

/**
 * Releases the device, leaves its queue and sets the workflow `cancelled`; steps not carried out become `skipped`.
 * Throws as `completeWorkflow` does.
 */
export async function cancelWorkflow(
  deps: CoreDeps,
  request: { workflowId: string; actionId: string; reason?: string },
): Promise<Workflow> {
  const { workflowId, actionId, ...args } = request;
  await performAction(deps, {
    workflowId,
    actionId,
    action: 'cancel',
    args: { by: 'request', ...args },
    doneIn: 'cancelled',
  });
  return loadWorkflow(deps.db, workflowId);
}

import type { Workflow } from '@labwright/contract-workflows';
import { performAction } from './actions/carry-out.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';

/** Releases the device until `resumeWorkflow`. Throws as `completeWorkflow` does. */
export async function pauseWorkflow(
  deps: CoreDeps,
  request: { workflowId: string; actionId: string; reason?: string },
): Promise<Workflow> {
  const { workflowId, actionId, ...args } = request;
  await performAction(deps, {
    workflowId,
    actionId,
    action: 'pause',
    args: { by: 'request', ...args },
    doneIn: 'paused',
  });
  return loadWorkflow(deps.db, workflowId);
}

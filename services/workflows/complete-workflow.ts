import type { Approval } from '@labwright/audit';
import type { Workflow } from '@labwright/contract-workflows';
import { performAction } from './actions/carry-out.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';

/**
 * Releases the device and sets the workflow `completed`; steps not carried out become `skipped`. A workflow that is
 * completed already is answered as it is. Throws `workflow_not_found`, `wrong_state`, `step_in_progress`,
 * `action_in_progress`, the refusal of device-service or one of `reachErrors`.
 */
export async function completeWorkflow(
  deps: CoreDeps,
  request: {
    workflowId: string;
    actionId: string;
    reason?: string;
    by?: 'request' | 'conductor';
    /** Of a person who asks: steps that are left may need a reason. */
    approval?: Approval;
  },
): Promise<Workflow> {
  const { workflowId, actionId, by = 'request', approval, ...args } = request;
  await performAction(deps, {
    workflowId,
    actionId,
    action: 'complete',
    args: { by, ...args },
    doneIn: 'completed',
    ...(approval ? { skips: approval } : {}),
  });
  return loadWorkflow(deps.db, workflowId);
}

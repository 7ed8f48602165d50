import type { Priority } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import { performAction } from './actions/carry-out.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';

export interface StartRequest {
  workflowId: string;
  actionId: string;
  /** Wait in the queue where the device is busy. */
  queue?: boolean;
  priority?: Priority;
  /** Carry out the steps and complete without being asked. */
  auto?: boolean;
}

/**
 * Books the device and sets the workflow `running`, or `queued` where it waits. Throws `workflow_not_found`,
 * `wrong_state`, `action_in_progress`, the refusal of device-service (`device_busy`, …) or one of `reachErrors`.
 */
export async function startWorkflow(deps: CoreDeps, request: StartRequest): Promise<Workflow> {
  const { workflowId, actionId, ...args } = request;
  await performAction(deps, { workflowId, actionId, action: 'start', args: { by: 'request', ...args } });
  return loadWorkflow(deps.db, workflowId);
}

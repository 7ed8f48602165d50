import type { Priority } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import { performAction } from './actions/carry-out.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';

export interface ResumeRequest {
  workflowId: string;
  actionId: string;
  reason?: string;
  /** Wait in the queue where the device is busy. */
  queue?: boolean;
  priority?: Priority;
}

/**
 * Books the device again for a paused workflow: `running`, or `failed` where a step still waits to be tried again or
 * decided, or `queued` where the device is busy and `queue` was asked. Throws as `startWorkflow` does.
 */
export async function resumeWorkflow(deps: CoreDeps, request: ResumeRequest): Promise<Workflow> {
  const { workflowId, actionId, ...args } = request;
  await performAction(deps, { workflowId, actionId, action: 'resume', args: { by: 'request', ...args } });
  return loadWorkflow(deps.db, workflowId);
}

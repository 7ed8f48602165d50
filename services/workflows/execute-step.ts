import type { Step, Workflow } from '@labwright/contract-workflows';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';
import { carryOutStep } from './steps/carry-out-step.ts';
import { claimStep } from './steps/claim-step.ts';
import { stepName } from './steps/step-row.ts';

/**
 * Carries out the next pending step, or the failed one again, and waits up to `waitSeconds` for its outcome: `ended`
 * tells whether it is known. A step that failed is an answer, not an error.
 * Throws what `claimStep` and `carryOutStep` throw.
 */
export async function executeStep(
  deps: CoreDeps,
  request: { workflowId: string; actionId: string; waitSeconds: number },
): Promise<{ ended: boolean; message: string; step: Step; workflow: Workflow }> {
  const claim = await claimStep(deps, request);
  if ('claimed' in claim) await carryOutStep(deps, claim.claimed, request.waitSeconds);
  const position = 'claimed' in claim ? claim.claimed.position : claim.repeated;
  const workflow = await loadWorkflow(deps.db, request.workflowId);
  const step = workflow.steps.find((candidate) => candidate.position === position);
  if (!step) throw new Error(`Workflow ${workflow.id} has no step ${position}`);
  return { ended: step.status !== 'running', message: told(step), step, workflow };
}

function told(step: Step): string {
  switch (step.status) {
    case 'succeeded':
      return `${stepName(step)} succeeded`;
    case 'failed':
      return `${stepName(step)} failed: ${step.error?.message ?? 'no reason was given'}`;
    case 'unknown':
      return `Nobody knows what became of ${stepName(step)}: look at the instrument, then resolve the step`;
    case 'running':
      return `${stepName(step)} is being carried out`;
    default:
      return `${stepName(step)} is ${step.status}`;
  }
}

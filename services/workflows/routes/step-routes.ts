import { demandApproval, readApproval } from '@labwright/audit';
import { ExecuteStepRequest, ResolveStepRequest, StepAnswer } from '@labwright/contract-workflows';
import { type App, answers } from '@labwright/kernel/http';
import type { CoreDeps } from '../deps.ts';
import { executeStep } from '../execute-step.ts';
import { resolveStep } from '../resolve-step.ts';
import { stepName } from '../steps/step-row.ts';
import { tags, WorkflowParams } from './common.ts';

const usualWaitSeconds = 30;

export const stepRoutes = (deps: CoreDeps) => (app: App) => {
  app.post(
    '/workflows/:id/execute-step',
    {
      config: { access: 'scientist', bodyOptional: true },
      schema: {
        summary: 'Carry out the next step, or the failed one again',
        description:
          '200 when its outcome is known, also where it failed; 202 while it still runs after `wait_seconds` (default 30): look at the workflow again. A step that must not go on is stopped with `POST /devices/{id}/abort` of device-service.',
        tags,
        params: WorkflowParams,
        body: ExecuteStepRequest,
        response: answers({ 200: StepAnswer, 202: StepAnswer }),
      },
    },
    async ({ params, body, actionId }, reply) => {
      const { ended, ...answer } = await executeStep(deps, {
        workflowId: params.id,
        actionId,
        waitSeconds: body.wait_seconds ?? usualWaitSeconds,
      });
      return reply.code(ended ? 200 : 202).send(answer);
    },
  );

  app.post(
    '/workflows/:id/resolve-step',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Tell what became of a step whose outcome nobody knows',
        tags,
        params: WorkflowParams,
        body: ResolveStepRequest,
        response: answers({ 200: StepAnswer }),
      },
    },
    async ({ params, body, actionId }) => {
      const { signature, ...request } = body;
      const { id: workflowId } = params;
      const subject = `workflow:${workflowId}`;
      const approval = await readApproval(deps.audit, { action: 'step.resolve', subject, ...body });
      demandApproval(deps.audit, approval, 'tell what became of a step');
      const { step, workflow } = await resolveStep(deps, { ...request, workflowId, actionId, approval });
      return { message: `${stepName(step)} counts as ${body.outcome}`, step, workflow };
    },
  );
};

import { readApproval } from '@labwright/audit';
import {
  ReasonRequest,
  StartWorkflowRequest,
  type Workflow,
  WorkflowAnswer,
} from '@labwright/contract-workflows';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { cancelWorkflow } from '../cancel-workflow.ts';
import { completeWorkflow } from '../complete-workflow.ts';
import type { CoreDeps } from '../deps.ts';
import { pauseWorkflow } from '../pause-workflow.ts';
import { resumeWorkflow } from '../resume-workflow.ts';
import { startWorkflow } from '../start-workflow.ts';
import { refuseUrgent, tags, WorkflowParams } from './common.ts';

const ResumeRequest = Type.Object(
  {
    ...ReasonRequest.properties,
    queue: StartWorkflowRequest.properties.queue,
    priority: StartWorkflowRequest.properties.priority,
  },
  { additionalProperties: false },
);

export const actionRoutes = (deps: CoreDeps) => (app: App) => {
  app.post(
    '/workflows/:id/start',
    {
      config: { access: 'scientist', bodyOptional: true },
      schema: {
        summary: 'Book the device and start; with `queue`, wait for it where it is busy',
        tags,
        params: WorkflowParams,
        body: StartWorkflowRequest,
        response: answers({ 200: WorkflowAnswer, 202: WorkflowAnswer }),
      },
    },
    async ({ params, body, actionId }, reply) => {
      refuseUrgent(body);
      const workflow = await startWorkflow(deps, { ...body, workflowId: params.id, actionId });
      return reply.code(codeOf(workflow)).send(begun(workflow, 'Workflow started'));
    },
  );

  app.post(
    '/workflows/:id/resume',
    {
      config: { access: 'scientist', bodyOptional: true },
      schema: {
        summary: 'Book the device again for a paused workflow; with `queue`, wait for it where it is busy',
        tags,
        params: WorkflowParams,
        body: ResumeRequest,
        response: answers({ 200: WorkflowAnswer, 202: WorkflowAnswer }),
      },
    },
    async ({ params, body, actionId }, reply) => {
      refuseUrgent(body);
      const workflow = await resumeWorkflow(deps, { ...body, workflowId: params.id, actionId });
      return reply.code(codeOf(workflow)).send(begun(workflow, 'Workflow resumed'));
    },
  );

  const releasing = {
    complete: {
      summary: 'Release the device and end; steps not carried out are skipped',
      message: completed,
      run: completeWorkflow,
    },
    cancel: {
      summary: 'Release the device, leave its queue and give up',
      message: () => 'Workflow cancelled',
      run: cancelWorkflow,
    },
    pause: {
      summary: 'Release the device until the workflow is resumed',
      message: () => 'Workflow paused',
      run: pauseWorkflow,
    },
  };

  for (const [name, { summary, message, run }] of Object.entries(releasing))
    app.post(
      `/workflows/:id/${name}`,
      {
        config: { access: 'scientist', bodyOptional: true },
        schema: {
          summary,
          tags,
          params: WorkflowParams,
          body: ReasonRequest,
          response: answers({ 200: WorkflowAnswer }),
        },
      },
      async ({ params, body, actionId }) => {
        const { signature, ...request } = body;
        const { id: workflowId } = params;
        // Of steps that are left, where there are any.
        const given = { action: 'step.skip', subject: `workflow:${workflowId}`, ...body };
        const approval = name === 'complete' ? { approval: await readApproval(deps.audit, given) } : {};
        const workflow = await run(deps, { ...request, ...approval, workflowId, actionId });
        return { message: message(workflow), workflow };
      },
    );
};

const codeOf = (workflow: Workflow) => (workflow.status === 'queued' ? 202 : 200);

const begun = (workflow: Workflow, message: string) => ({
  message: workflow.status === 'queued' ? 'Workflow queued' : message,
  workflow,
});

function completed({ steps }: Workflow): string {
  const skipped = steps.filter((step) => step.status === 'skipped').length;
  if (skipped === 0) return 'Workflow completed';
  return `Workflow completed; ${skipped === 1 ? '1 step was' : `${skipped} steps were`} skipped`;
}

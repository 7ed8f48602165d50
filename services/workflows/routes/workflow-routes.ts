import { DeviceId } from '@labwright/contract-devices';
import {
  CreateWorkflowRequest,
  Workflow,
  WorkflowAnswer,
  WorkflowPage,
  WorkflowStatus,
} from '@labwright/contract-workflows';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import { createWorkflow } from '../create-workflow.ts';
import { deleteWorkflow } from '../delete-workflow.ts';
import type { CoreDeps } from '../deps.ts';
import { listWorkflows } from '../list-workflows.ts';
import { loadWorkflow } from '../load-workflow.ts';
import { refuseUrgent, tags, WorkflowParams } from './common.ts';

const usualLimit = 50;

const ListQuery = Type.Object(
  {
    ...PageQuery,
    status: Type.Optional(WorkflowStatus),
    device_id: Type.Optional(DeviceId),
    q: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        pattern: '^[^\\u0000]*$',
        description: 'A part of the name, in upper or lower case, or the whole id.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const workflowRoutes = (deps: CoreDeps) => (app: App) => {
  app.post(
    '/workflows',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Describe a workflow',
        description:
          'Checked against samples and device before it is stored; `faults` of a refusal name every mistake at once.',
        tags,
        body: CreateWorkflowRequest,
        response: answers({ 201: Workflow }),
      },
    },
    async (request, reply) => {
      refuseUrgent(request.body);
      const workflow = await createWorkflow(deps, {
        ...request.body,
        actionId: request.actionId,
        repeatable: request.idempotencyKey !== null,
      });
      return reply.code(201).header('location', `/workflows/${workflow.id}`).send(workflow);
    },
  );

  app.get(
    '/workflows',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Workflows with their steps and samples, newest first',
        description:
          'A page of very large workflows holds fewer than `limit`; `next_cursor` tells whether more follow.',
        tags,
        querystring: ListQuery,
        response: answers({ 200: WorkflowPage }),
      },
    },
    ({ query: { limit = usualLimit, ...query } }) => listWorkflows(deps, { limit, ...query }),
  );

  app.get(
    '/workflows/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'One workflow',
        tags,
        params: WorkflowParams,
        response: answers({ 200: Workflow }),
      },
    },
    ({ params }) => loadWorkflow(deps.db, params.id),
  );

  app.delete(
    '/workflows/:id',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Delete a workflow that was never started',
        tags,
        params: WorkflowParams,
        response: answers({ 200: WorkflowAnswer }),
      },
    },
    async ({ params }) => {
      const workflow = await loadWorkflow(deps.db, params.id);
      await deleteWorkflow(deps, params.id);
      return { message: 'Workflow deleted', workflow };
    },
  );
};

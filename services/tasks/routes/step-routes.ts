import {
  StepTaskBody,
  Task,
  type TaskOutcome,
  TaskOutcomePage,
  type TasksApi,
} from '@labwright/contract-hub/tasks';
import type { Feed } from '@labwright/feed';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { tags } from './common.ts';

const WithdrawRequest = Type.Object(
  { task: StepTaskBody, reason: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false },
);
const OutcomesQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 60, description: '`next_cursor` of the answer before.' }),
    ),
    wait_seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60, default: 0, description: 'How long to wait for a new one.' }),
    ),
  },
  { additionalProperties: false },
);

const StepTaskParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the attempt at the step, and of its task.' }),
});

/** For services: what the steps of workflows ask of people. */
export const stepRoutes = (api: TasksApi, feed: Feed<TaskOutcome>) => (app: App) => {
  // A server that closes waits for the requests in hand: those that only wait must not keep it.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.put(
    '/step-tasks/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Make the task of an attempt at a step, or see how it stands',
        description: 'For workflow-service. May be asked again: the id is that of the attempt.',
        tags,
        params: StepTaskParams,
        body: StepTaskBody,
        response: answers({ 200: Task }),
      },
    },
    ({ params, body }) => api.ensure({ ...body, id: params.id }),
  );

  app.post(
    '/step-tasks/:id/withdraw',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'No step waits for this task any more',
        description:
          'For workflow-service. Cancels it where it has not ended; one that never came is noted as cancelled, and cannot come any more.',
        tags,
        params: StepTaskParams,
        body: WithdrawRequest,
        response: answers({ 200: Task }),
      },
    },
    ({ params, body }) => api.withdraw({ ...body.task, id: params.id }, body.reason),
  );

  app.get(
    '/task-outcomes',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The tasks of steps that ended, oldest first; waits for something new',
        description: 'At most 200 after the cursor. None is missed. Kept for seven days.',
        tags,
        querystring: OutcomesQuery,
        response: answers({ 200: TaskOutcomePage }),
      },
    },
    ({ query: { cursor, wait_seconds = 0 }, signal }) =>
      feed.read({
        ...(cursor === undefined ? {} : { cursor }),
        wait_seconds,
        signal: AbortSignal.any([closing.signal, signal]),
      }),
  );
};

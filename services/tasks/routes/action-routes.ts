import {
  ClaimTaskRequest,
  CommentRequest,
  CompleteTaskRequest,
  ReasonTaskRequest,
  ReleaseTaskRequest,
  Task,
} from '@labwright/contract-hub/tasks';
import { type App, answers } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import type { Static, TSchema } from 'typebox';
import type { AlterRequest } from '../alter.ts';
import { cancelTask } from '../cancel-task.ts';
import { claimTask } from '../claim-task.ts';
import { commentTask } from '../comment-task.ts';
import { completeTask } from '../complete-task.ts';
import type { TasksDeps } from '../deps.ts';
import { etagOf } from '../guard.ts';
import { releaseTask } from '../release-task.ts';
import { reopenTask } from '../reopen-task.ts';
import { asTask, findTask } from '../task-row.ts';
import { IfMatch, TaskParams, tags } from './common.ts';

/** What somebody does with a task. Each may name the version that it is about, and needs not: the states say what may be done. */
export const actionRoutes = (deps: TasksDeps) => (app: App) => {
  const action = <B extends TSchema>(
    name: string,
    described: { summary: string; description?: string; body: B; bodyOptional?: true },
    run: (deps: TasksDeps, request: AlterRequest & Static<B>) => Promise<Task>,
  ) => {
    const { bodyOptional, ...schema } = described;
    app.post(
      `/tasks/:id/${name}`,
      {
        config: { access: 'scientist', ...(bodyOptional ? { bodyOptional } : {}) },
        schema: { ...schema, tags, params: TaskParams, headers: IfMatch, response: answers({ 200: Task }) },
      },
      async ({ params, headers, body, actionId }, reply) => {
        const task = await run(deps, {
          ...(body as Static<B> & object),
          id: params.id,
          actionId,
          who: currentPrincipal(),
          ifMatch: headers['if-match'],
        });
        return reply.header('etag', etagOf(task)).send(task);
      },
    );
  };

  action(
    'claim',
    {
      summary: 'Take a task in hand: who comes first has it',
      body: ClaimTaskRequest,
      bodyOptional: true,
    },
    claimTask,
  );
  action(
    'release',
    {
      summary: 'Give a task back; an operator also takes it from somebody else',
      body: ReleaseTaskRequest,
      bodyOptional: true,
    },
    releaseTask,
  );
  action(
    'complete',
    {
      summary: 'Hand in the values of the form',
      description:
        '`faults` of a refusal name every value that will not do. A step that waits for the task goes on with the values as its result.',
      body: CompleteTaskRequest,
      bodyOptional: true,
    },
    completeTask,
  );
  action(
    'cancel',
    {
      summary: 'Nobody needs to do it any more, or nobody can; a step that waits for it fails',
      body: ReasonTaskRequest,
    },
    cancelTask,
  );
  action('reopen', { summary: 'Have a task done (again)', body: ReasonTaskRequest }, reopenTask);

  app.post(
    '/tasks/:id/comments',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Say something about a task; it stands in its history',
        tags,
        params: TaskParams,
        body: CommentRequest,
        response: answers({ 201: Task }),
      },
    },
    async ({ params, body, actionId }, reply) => {
      await commentTask(deps, { id: params.id, actionId, who: currentPrincipal(), text: body.text });
      return reply.code(201).send(asTask(await findTask(deps.db, params.id)));
    },
  );
};

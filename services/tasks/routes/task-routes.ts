import { DeviceId, WorkflowId } from '@labwright/contract-devices';
import {
  ChangeTaskRequest,
  CreateTaskRequest,
  HistoryPage,
  Task,
  TaskPage,
  taskStatuses,
} from '@labwright/contract-hub/tasks';
import { type App, answers, PageQuery, Timestamp } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import Type from 'typebox';
import { changeTask } from '../change-task.ts';
import { createTask } from '../create-task.ts';
import type { TasksDeps } from '../deps.ts';
import { etagOf } from '../guard.ts';
import { listHistory } from '../history.ts';
import { listTasks } from '../list-tasks.ts';
import { asTask, findTask } from '../task-row.ts';
import { IfMatch, TaskParams, tags } from './common.ts';

const usualLimit = 50;

const ListQuery = Type.Object(
  {
    ...PageQuery,
    order: Type.Optional(
      Type.Enum(['newest', 'due'], { description: '`due`: what is to be done, the earliest due first.' }),
    ),
    status: Type.Optional(
      Type.Enum([...taskStatuses, 'active'], { description: '`active`: open or in progress.' }),
    ),
    mine: Type.Optional(
      Type.Boolean({ description: 'In my hand, done by me, or assigned to me and in nobody’s hand.' }),
    ),
    my_role: Type.Optional(Type.Boolean({ description: 'For a role that I have.' })),
    workflow_id: Type.Optional(WorkflowId),
    device_id: Type.Optional(DeviceId),
    due_before: Type.Optional(Timestamp),
  },
  { additionalProperties: false },
);

export const taskRoutes = (deps: TasksDeps) => (app: App) => {
  app.post(
    '/tasks',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Ask for work by a human hand',
        description:
          'With instructions (markdown, shown to people), a form, a due time, and for whom it is: a person, a role, or anybody.',
        tags,
        body: CreateTaskRequest,
        response: answers({ 201: Task }),
      },
    },
    async ({ body, actionId }, reply) => {
      const task = await createTask(deps, { ...body, id: actionId, who: currentPrincipal() });
      return reply.code(201).header('location', `/tasks/${task.id}`).header('etag', etagOf(task)).send(task);
    },
  );

  app.get(
    '/tasks',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Tasks, newest first or what is due first',
        tags,
        querystring: ListQuery,
        response: answers({ 200: TaskPage }),
      },
    },
    ({ query: { limit = usualLimit, ...query } }) =>
      listTasks(deps.db, { limit, ...query, who: currentPrincipal() }),
  );

  app.get(
    '/tasks/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'One task; its ETag is its version',
        tags,
        params: TaskParams,
        response: answers({ 200: Task }),
      },
    },
    async ({ params }, reply) => {
      const task = asTask(await findTask(deps.db, params.id));
      return reply.header('etag', etagOf(task)).send(task);
    },
  );

  app.patch(
    '/tasks/:id',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Change what a task asks, for whom it is, or when it is due',
        description:
          'Names the version that it changes, in the body or as `If-Match`; `If-Match: *` changes whatever is there. 409 and 412 show the newer task.',
        tags,
        params: TaskParams,
        headers: IfMatch,
        body: ChangeTaskRequest,
        response: answers({ 200: Task }),
      },
    },
    async ({ params, headers, body: { version, ...change }, actionId }, reply) => {
      const ifMatch = headers['if-match'];
      const who = currentPrincipal();
      const task = await changeTask(deps, { id: params.id, actionId, who, version, ifMatch, change });
      return reply.header('etag', etagOf(task)).send(task);
    },
  );

  app.get(
    '/tasks/:id/history',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What happened to a task and what was said about it, oldest first',
        tags,
        params: TaskParams,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: answers({ 200: HistoryPage }),
      },
    },
    ({ params, query: { limit = usualLimit, ...query } }) =>
      listHistory(deps.db, { id: params.id, limit, ...query }),
  );
};

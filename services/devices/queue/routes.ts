import {
  CancelAnswer,
  EnqueueAnswer,
  EnqueueRequest,
  Priority,
  QueuePage,
  WaitTime,
  WorkflowId,
} from '@labwright/contract-devices';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { DeviceParams } from '../instruments/routes.ts';
import { cancelEntry } from './cancel-entry.ts';
import { enqueue } from './enqueue.ts';
import { listQueue } from './list-queue.ts';
import { describeEntry, waitTime } from './wait-time.ts';

const tags = ['queue'];

const EntryParams = Type.Object({ ...DeviceParams.properties, entry_id: Type.String() });

const WaitQuery = Type.Object(
  {
    workflow_id: Type.Optional(WorkflowId),
    priority: Type.Optional(Priority),
  },
  { additionalProperties: false },
);

export const queueRoutes = (deps: DevicesDeps) => (app: App) => {
  app.post(
    '/devices/:id/queue',
    {
      schema: {
        summary: 'Book a device as soon as it is free',
        description:
          'Books at once where it is free, else enters the queue. Asked again it answers how things stand (200); another priority moves the entry that waits.',
        tags,
        params: DeviceParams,
        body: EnqueueRequest,
        response: answers({ 200: EnqueueAnswer, 201: EnqueueAnswer }),
      },
    },
    async ({ params, body }, reply) => {
      const { entry, booking, created } = await enqueue(deps, { device_id: params.id, ...body });
      const described = await describeEntry(deps, entry, booking);
      const message = booking
        ? `Workflow ${entry.workflow_id} holds ${params.id}`
        : `Workflow ${entry.workflow_id} waits for ${params.id} at position ${described.position}`;
      return reply.code(created ? 201 : 200).send({ message, entry: described, booking });
    },
  );

  app.get(
    '/devices/:id/queue',
    {
      schema: {
        summary: 'List those that wait for a device, in the order in which they get it',
        tags,
        params: DeviceParams,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: answers({ 200: QueuePage }),
      },
    },
    ({ params, query }) => listQueue(deps, { limit: 50, ...query, device_id: params.id }),
  );

  app.delete(
    '/devices/:id/queue/:entry_id',
    {
      schema: {
        summary: 'Take an entry out of the queue',
        tags,
        params: EntryParams,
        response: answers({ 200: CancelAnswer }),
      },
    },
    async ({ params }) => {
      const entry = await cancelEntry(deps, {
        device_id: params.id,
        entry_id: params.entry_id,
        reason: 'cancelled by request',
      });
      return { message: `Entry ${entry.id} cancelled`, entry };
    },
  );

  app.get(
    '/devices/:id/wait-time',
    {
      schema: {
        summary: 'Estimate how long a workflow waits for a device, and why',
        description:
          'For a workflow that is queued: the wait of its entry. Otherwise that of a new entry of this priority.',
        tags,
        params: DeviceParams,
        querystring: WaitQuery,
        response: answers({ 200: WaitTime }),
      },
    },
    ({ params, query }) => waitTime(deps, { ...query, device_id: params.id }),
  );
};

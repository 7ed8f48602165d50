import { readApproval } from '@labwright/audit';
import {
  CancelAnswer,
  ChangeEntryAnswer,
  ChangeEntryRequest,
  EnqueueAnswer,
  EnqueueRequest,
  Priority,
  PriorityPreview,
  QueuePage,
  WaitTime,
  WorkflowId,
} from '@labwright/contract-devices';
import { type App, answers, demandRole, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { DeviceParams } from '../instruments/routes.ts';
import { cancelEntry } from './cancel-entry.ts';
import { changePriority } from './change-priority.ts';
import { enqueue } from './enqueue.ts';
import { listQueue } from './list-queue.ts';
import { previewPriority } from './preview-priority.ts';
import { describeEntry, waitTime } from './wait-time.ts';

const tags = ['queue'];

const EntryParams = Type.Object({ ...DeviceParams.properties, entry_id: Type.String() });

const CancelRequest = Type.Object(
  { reason: EnqueueRequest.properties.reason, signature: EnqueueRequest.properties.signature },
  { additionalProperties: false },
);

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
      config: { access: 'scientist' },
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
      if (body.priority === 'urgent') demandRole('operator', 'Priority urgent');
      const { reason, signature, ...request } = body;
      const approval = await readApproval(deps.audit, {
        action: 'queue.change_priority',
        subject: `device:${params.id}`,
        reason,
        signature,
      });
      const { entry, booking, created } = await enqueue(deps, { device_id: params.id, ...request }, approval);
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
      config: { access: 'viewer' },
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

  app.patch(
    '/devices/:id/queue/:entry_id',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Give an entry that waits another priority',
        description:
          'It keeps its `queued_at`: within a priority who came first goes first. With `expected_priority` nothing is changed where somebody else was quicker. `urgent` needs an operator. What it means for the others: `GET …/preview`.',
        tags,
        params: EntryParams,
        body: ChangeEntryRequest,
        response: answers({ 200: ChangeEntryAnswer }),
      },
    },
    async ({ params, body }) => {
      if (body.priority === 'urgent') demandRole('operator', 'Priority urgent');
      const { reason, signature, ...change } = body;
      const { id: device_id, entry_id } = params;
      const subject = `device:${device_id}`;
      const entry = await changePriority(
        deps,
        { device_id, entry_id, ...change },
        await readApproval(deps.audit, { action: 'queue.change_priority', subject, reason, signature }),
      );
      const described = await describeEntry(deps, entry, null);
      return {
        message: `Entry ${entry.id} has priority ${entry.priority} and position ${described.position}`,
        entry: described,
      };
    },
  );

  app.get(
    '/devices/:id/queue/:entry_id/preview',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What another priority of an entry would mean for it and for the others',
        description: 'By the same estimates as the queue; changes nothing.',
        tags,
        params: EntryParams,
        querystring: Type.Object({ priority: Priority }, { additionalProperties: false }),
        response: answers({ 200: PriorityPreview }),
      },
    },
    ({ params, query }) =>
      previewPriority(deps, { device_id: params.id, entry_id: params.entry_id, ...query }),
  );

  app.delete(
    '/devices/:id/queue/:entry_id',
    {
      config: { access: 'operator', bodyOptional: true },
      schema: {
        summary: 'Take an entry out of the queue',
        description: 'Of somebody else: with a reason, where people have accounts.',
        tags,
        params: EntryParams,
        body: CancelRequest,
        response: answers({ 200: CancelAnswer }),
      },
    },
    async ({ params, body }) => {
      const { reason, signature } = body;
      const { id: device_id, entry_id } = params;
      const subject = `device:${device_id}`;
      const entry = await cancelEntry(
        deps,
        { device_id, entry_id, reason: reason ?? 'cancelled by request' },
        await readApproval(deps.audit, { action: 'queue.override', subject, reason, signature }),
      );
      return { message: `Entry ${entry.id} cancelled`, entry };
    },
  );

  app.get(
    '/devices/:id/wait-time',
    {
      config: { access: 'viewer' },
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

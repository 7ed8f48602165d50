import { readApproval } from '@labwright/audit';
import {
  BookAnswer,
  BookingPage,
  BookRequest,
  NoteWaitAnswer,
  NoteWaitRequest,
  ReleaseAnswer,
  ReleaseRequest,
  WithdrawAnswer,
} from '@labwright/contract-devices';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { DeviceParams } from '../instruments/routes.ts';
import { bookDevice } from './book-device.ts';
import { listBookings } from './list-bookings.ts';
import { noteWait } from './note-wait.ts';
import { releaseDevice } from './release-device.ts';
import { withdraw } from './withdraw.ts';

const tags = ['bookings'];

const ListQuery = Type.Object(
  { ...PageQuery, status: Type.Optional(Type.Enum(['active', 'released'])) },
  { additionalProperties: false },
);

/** In case it is somebody else's. */
const approvalOf = (
  deps: DevicesDeps,
  deviceId: string,
  { reason, signature }: Static<typeof ReleaseRequest>,
) =>
  readApproval(deps.audit, { action: 'booking.override', subject: `device:${deviceId}`, reason, signature });

export const bookingRoutes = (deps: DevicesDeps) => (app: App) => {
  app.post(
    '/devices/:id/book',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Book a free device for a workflow',
        description: 'Booked again by its holder it answers the same booking.',
        tags,
        params: DeviceParams,
        body: BookRequest,
        response: answers({ 200: BookAnswer }),
      },
    },
    async ({ params, body }) => {
      const { booking, device, fresh } = await bookDevice(deps, { device_id: params.id, ...body });
      const message = fresh
        ? `Device ${device.id} booked for workflow ${booking.workflow_id}`
        : `Workflow ${booking.workflow_id} holds ${device.id} already`;
      return { message, booking, device };
    },
  );

  app.post(
    '/devices/:id/release',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Release a device and hand it to the first of its queue',
        description: 'A booking that was released before is answered as it stands.',
        tags,
        params: DeviceParams,
        body: ReleaseRequest,
        response: answers({ 200: ReleaseAnswer }),
      },
    },
    async ({ params, body }) => {
      const { signature, ...request } = body;
      const approval = await approvalOf(deps, params.id, body);
      const outcome = await releaseDevice(deps, { device_id: params.id, ...request }, approval);
      const next = outcome.next_booking;
      const message = next
        ? `Device ${params.id} released; workflow ${next.workflow_id} holds it now`
        : `Device ${params.id} released`;
      return { message, ...outcome };
    },
  );

  app.post(
    '/devices/:id/withdraw',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Make sure that a workflow neither holds a device nor waits for it',
        tags,
        params: DeviceParams,
        body: ReleaseRequest,
        response: answers({ 200: WithdrawAnswer }),
      },
    },
    async ({ params, body }) => {
      const { signature, ...request } = body;
      const approval = await approvalOf(deps, params.id, body);
      await withdraw(deps, { device_id: params.id, ...request }, approval);
      return { message: `Workflow ${body.workflow_id} has withdrawn from ${params.id}` };
    },
  );

  app.post(
    '/devices/:id/holder-wait',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Note that the holder of a device waits for somebody',
        description:
          'For the estimates: how long somebody takes to do a task, to run the next step, or to see to one that failed, nobody can reckon. So waits for this device are null meanwhile, and `waiting_reasons` say what the holder waits for, by the same code. Believed for `for_seconds`, or until the holder begins an operation. workflow-service does so by itself.',
        tags,
        params: DeviceParams,
        body: NoteWaitRequest,
        response: answers({ 200: NoteWaitAnswer }),
      },
    },
    async ({ params, body }) => {
      await noteWait(deps, { device_id: params.id, ...body });
      return { message: `Noted: workflow ${body.workflow_id} waits for somebody` };
    },
  );

  app.get(
    '/devices/:id/bookings',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'List the bookings of a device, newest first',
        tags,
        params: DeviceParams,
        querystring: ListQuery,
        response: answers({ 200: BookingPage }),
      },
    },
    ({ params, query }) => listBookings(deps.db, { limit: 50, ...query, device_id: params.id }),
  );
};

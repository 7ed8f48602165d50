import {
  ChangeDeviceRequest,
  CreateDeviceRequest,
  DeviceAnswer,
  DevicePage,
  DeviceStatus,
  DeviceView,
} from '@labwright/contract-devices';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { changeDevice } from './change-device.ts';
import { createDevice } from './create-device.ts';
import { deleteDevice } from './delete-device.ts';
import { getDevice } from './get-device.ts';
import { listDevices } from './list-devices.ts';

const tags = ['devices'];

export const DeviceParams = Type.Object({ id: Type.String({ description: 'The id of the device.' }) });

const ListQuery = Type.Object(
  {
    ...PageQuery,
    status: Type.Optional(DeviceStatus),
    type: Type.Optional(Type.String({ maxLength: 50 })),
    capability: Type.Optional(Type.String({ maxLength: 64, description: 'An operation that it can do.' })),
  },
  { additionalProperties: false },
);

export const instrumentRoutes = (deps: DevicesDeps) => (app: App) => {
  app.get(
    '/devices',
    {
      schema: {
        summary: 'List the devices',
        tags,
        querystring: ListQuery,
        response: answers({ 200: DevicePage }),
      },
    },
    ({ query }) => listDevices(deps.db, { limit: 50, ...query }),
  );

  app.post(
    '/devices',
    {
      schema: {
        summary: 'Add a device',
        description: 'What it can do comes from the driver of its type.',
        tags,
        body: CreateDeviceRequest,
        response: answers({ 201: DeviceAnswer }),
      },
    },
    async (request, reply) => {
      const device = await createDevice(deps, request.body, request.actionId);
      return reply.code(201).send({ message: `Device ${device.id} added`, device });
    },
  );

  app.get(
    '/devices/:id',
    {
      schema: {
        summary: 'Look at a device, who holds it and how many wait',
        tags,
        params: DeviceParams,
        response: answers({ 200: DeviceView }),
      },
    },
    ({ params }) => getDevice(deps.db, params.id),
  );

  app.patch(
    '/devices/:id',
    {
      schema: {
        summary: 'Change a device: maintenance, pause, name, place, settings',
        tags,
        params: DeviceParams,
        body: ChangeDeviceRequest,
        response: answers({ 200: DeviceAnswer }),
      },
    },
    async ({ params, body }) => {
      const device = await changeDevice(deps, params.id, body);
      return { message: `Device ${device.id} is ${device.status}${device.paused ? ', paused' : ''}`, device };
    },
  );

  app.delete(
    '/devices/:id',
    {
      schema: {
        summary: 'Delete a device that nobody holds',
        description: 'Those that wait for it are cancelled; its history stays.',
        tags,
        params: DeviceParams,
        response: answers({ 200: DeviceAnswer }),
      },
    },
    async ({ params }) => {
      const device = await deleteDevice(deps, params.id);
      return { message: `Device ${device.id} deleted`, device };
    },
  );
};

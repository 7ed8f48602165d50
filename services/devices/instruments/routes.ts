import {
  ChangeDeviceRequest,
  CreateDeviceRequest,
  DeviceAnswer,
  DevicePage,
  DeviceStatus,
  DeviceView,
} from '@labwright/contract-devices';
import { describeOperation } from '@labwright/driver-kit';
import { type App, answers, NextCursor, nullable, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { changeDevice } from './change-device.ts';
import { createDevice } from './create-device.ts';
import { deleteDevice } from './delete-device.ts';
import { modelOf } from './driver-model.ts';
import { getDevice } from './get-device.ts';
import { listDevices } from './list-devices.ts';

const tags = ['devices'];

export const DeviceParams = Type.Object({ id: Type.String({ description: 'The id of the device.' }) });

const Operation = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    safe_to_repeat: Type.Boolean({ description: 'Done again where nobody knows what became of it.' }),
    typical_seconds: nullable(
      Type.Number({
        description: 'At real speed, with default parameters; null where one has no default.',
      }),
    ),
    parameters: Type.Record(Type.String(), Type.Unknown(), {
      description: 'JSON schema of the parameters; a number has its `unit`.',
    }),
  },
  { title: 'Operation' },
);
const OperationList = Type.Object(
  { operations: Type.Array(Operation), next_cursor: NextCursor },
  { title: 'OperationPage' },
);

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
      config: { access: 'viewer' },
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
      config: { access: 'admin' },
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
      config: { access: 'viewer' },
      schema: {
        summary: 'Look at a device, who holds it and how many wait',
        tags,
        params: DeviceParams,
        response: answers({ 200: DeviceView }),
      },
    },
    ({ params }) => getDevice(deps.db, params.id),
  );

  app.get(
    '/devices/:id/operations',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What a device can do, with parameters, units, limits and defaults',
        tags,
        params: DeviceParams,
        response: answers({ 200: OperationList }),
      },
    },
    async ({ params }) => {
      const device = await getDevice(deps.db, params.id);
      const { operations } = modelOf(deps, device.type);
      return {
        operations: device.capabilities.flatMap((name) => {
          const spec = operations.get(name);
          return spec ? [describeOperation(spec)] : [];
        }),
        // All of them fit into one page.
        next_cursor: null,
      };
    },
  );

  app.patch(
    '/devices/:id',
    {
      config: { access: 'operator' },
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
      const status = device.status === 'maintenance' ? 'in maintenance' : device.status;
      return { message: `${device.name} is ${status}${device.paused ? ', paused' : ''}`, device };
    },
  );

  app.delete(
    '/devices/:id',
    {
      config: { access: 'admin' },
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

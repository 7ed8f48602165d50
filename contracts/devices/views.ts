import { NextCursor, nullable } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';
import { Booking, Device, DeviceId, OperationName, QueueEntry, WaitingEntry } from './schemas.ts';

/** A device with who holds it and how many wait for it. */
export const DeviceView = Type.Object({
  ...Device.properties,
  booking: nullable(Booking),
  queue_length: Type.Integer({ description: 'Entries that wait.' }),
});
export type DeviceView = Static<typeof DeviceView>;

const name = Type.String({ minLength: 1, maxLength: 200 });
const location = nullable(Type.String({ minLength: 1, maxLength: 200 }));
const settings = Type.Record(Type.String(), Type.Unknown(), { description: 'For its driver.' });

export const CreateDeviceRequest = Type.Object(
  {
    id: DeviceId,
    name,
    type: Type.String({ minLength: 1, maxLength: 50, description: 'A driver model: `liquid_handler`, …' }),
    nests: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'Places for labware.' })),
    location: Type.Optional(location),
    settings: Type.Optional(settings),
  },
  { additionalProperties: false },
);
export type CreateDeviceRequest = Static<typeof CreateDeviceRequest>;

export const ChangeDeviceRequest = Type.Object(
  {
    status: Type.Optional(Type.Enum(['maintenance', 'available'])),
    paused: Type.Optional(Type.Boolean()),
    name: Type.Optional(name),
    location: Type.Optional(location),
    settings: Type.Optional(settings),
  },
  { additionalProperties: false },
);
export type ChangeDeviceRequest = Static<typeof ChangeDeviceRequest>;

export const CheckRequest = Type.Object(
  {
    operation: OperationName,
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
);

export const DeviceAnswer = Type.Object({ message: Type.String(), device: Device });
export const WithdrawAnswer = Type.Object({ message: Type.String() });
export const CancelAnswer = Type.Object({ message: Type.String(), entry: QueueEntry });
export const CheckAnswer = Type.Object({
  faults: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
    description: 'Empty where all is well.',
  }),
});
export const QueuePage = Type.Object({ queue: Type.Array(WaitingEntry), next_cursor: NextCursor });
export const BookingPage = Type.Object({ bookings: Type.Array(Booking), next_cursor: NextCursor });

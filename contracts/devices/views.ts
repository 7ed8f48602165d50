import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';
import {
  approvalFields,
  Booking,
  Device,
  DeviceId,
  Estimate,
  Execution,
  HolderWait,
  OperationName,
  Priority,
  priorities,
  QueueEntry,
  WaitingEntry,
  WaitingReason,
  WorkflowId,
} from './schemas.ts';

/** A device with who holds it and how many wait for it. */
export const DeviceView = Type.Object(
  {
    ...Device.properties,
    booking: nullable(Booking),
    queue_length: Type.Integer({ description: 'Entries that wait.' }),
  },
  { title: 'DeviceView' },
);
export type DeviceView = Static<typeof DeviceView>;

/** A device as one looks at it from across the room: what it does, for whom, and when it will be free. */
export const DeviceOverview = Type.Object({
  ...DeviceView.properties,
  running: nullable(
    Type.Object(
      {
        operation: Type.String(),
        started_at: Timestamp,
        expected_seconds: Type.Number({ description: 'Median of all of it.' }),
        expected_seconds_p90: Type.Number(),
      },
      { description: 'The operation that it carries out now.' },
    ),
  ),
  operations_done: Type.Integer({ description: 'Operations that its holder has finished.' }),
  holder_waits: nullable(WaitingReason),
  holder_until: Estimate,
  free: Estimate,
});
export type DeviceOverview = Static<typeof DeviceOverview>;
export const OverviewPage = Type.Object({ devices: Type.Array(DeviceOverview), next_cursor: NextCursor });

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
  { title: 'CreateDeviceRequest', additionalProperties: false },
);
export type CreateDeviceRequest = Static<typeof CreateDeviceRequest>;

export const ChangeDeviceRequest = Type.Object(
  {
    status: Type.Optional(Type.Enum(['maintenance', 'available'])),
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'Why; kept in the audit trail.' })),
    paused: Type.Optional(Type.Boolean()),
    name: Type.Optional(name),
    location: Type.Optional(location),
    settings: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          'For its driver, in place of those it has. They hold from the next operation on, anew also where they are the same: a fault of a simulated instrument that struck strikes again.',
      }),
    ),
  },
  { title: 'ChangeDeviceRequest', additionalProperties: false },
);
export type ChangeDeviceRequest = Static<typeof ChangeDeviceRequest>;

export const CheckRequest = Type.Object(
  {
    operation: OperationName,
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'CheckRequest', additionalProperties: false },
);

export const DeviceAnswer = Type.Object(
  { message: Type.String(), device: Device },
  { title: 'DeviceAnswer' },
);
export const BookAnswer = Type.Object(
  { message: Type.String(), booking: Booking, device: Device },
  { title: 'BookAnswer' },
);
export const ReleaseAnswer = Type.Object(
  {
    message: Type.String(),
    booking: nullable(Booking),
    next_booking: nullable(Booking),
  },
  { title: 'ReleaseAnswer' },
);
export const EnqueueAnswer = Type.Object(
  {
    message: Type.String(),
    entry: WaitingEntry,
    booking: nullable(Booking),
  },
  { title: 'EnqueueAnswer' },
);
export const ExecuteAnswer = Type.Object(
  { message: Type.String(), execution: Execution },
  { title: 'ExecuteAnswer' },
);
export const DevicePage = Type.Object(
  { devices: Type.Array(Device), next_cursor: NextCursor },
  { title: 'DevicePage' },
);
export const WithdrawAnswer = Type.Object({ message: Type.String() }, { title: 'WithdrawAnswer' });
/** That the holder of a device waits for somebody. */
export const NoteWaitRequest = Type.Object(
  {
    workflow_id: WorkflowId,
    booking_id: Type.String({ minLength: 1, maxLength: 20 }),
    wait: HolderWait,
    for_seconds: Type.Number({
      minimum: 1,
      maximum: 86_400,
      description: 'How long this is believed; while it lasts it is told again.',
    }),
  },
  { title: 'NoteWaitRequest', additionalProperties: false },
);
export const NoteWaitAnswer = Type.Object({ message: Type.String() }, { title: 'NoteWaitAnswer' });
export const CancelAnswer = Type.Object(
  { message: Type.String(), entry: QueueEntry },
  { title: 'CancelAnswer' },
);
export const CheckAnswer = Type.Object(
  {
    faults: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
      description: 'Empty where all is well.',
    }),
  },
  { title: 'CheckAnswer' },
);
export const ChangeEntryRequest = Type.Object(
  {
    priority: Priority,
    expected_priority: Type.Optional(
      Type.Enum(priorities, {
        description: 'What it has as far as you know: where it has another one by now, nothing is changed.',
      }),
    ),
    ...approvalFields,
  },
  { title: 'ChangeEntryRequest', additionalProperties: false },
);
export const ChangeEntryAnswer = Type.Object(
  { message: Type.String(), entry: WaitingEntry },
  { title: 'ChangeEntryAnswer' },
);

/** Where an entry stands, or would stand. */
const Place = Type.Object({ position: Type.Integer({ description: 'From 1.' }), estimate: Estimate });

/** What another priority of an entry would mean for it and for those whom it passes, or lets pass. */
export const PriorityPreview = Type.Object(
  {
    entry: QueueEntry,
    priority: Priority,
    before: Place,
    after: Place,
    affected_entries: Type.Integer({ description: 'How many others get another place.' }),
    affected: Type.Array(
      Type.Object({
        entry_id: Type.String(),
        workflow_id: Type.String(),
        priority: Priority,
        before: Place,
        after: Place,
        delay_seconds: Type.Number({
          description:
            'By how much its turn comes later; negative: earlier. Known also while nobody can say when the queue moves on.',
        }),
      }),
      { description: 'The first 100 of them, in their order.' },
    ),
  },
  { title: 'PriorityPreview' },
);
export type PriorityPreview = Static<typeof PriorityPreview>;
export const QueuePage = Type.Object(
  { queue: Type.Array(WaitingEntry), next_cursor: NextCursor },
  { title: 'QueuePage' },
);
export const BookingPage = Type.Object(
  { bookings: Type.Array(Booking), next_cursor: NextCursor },
  { title: 'BookingPage' },
);

import { nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';

/** Ids are strings; a device's id is chosen by people and stands in URLs. */
export const DeviceId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$',
  description: 'Letters, digits, `_`, `.`, `-`; at most 50.',
});
export const WorkflowId = Type.String({ minLength: 1, maxLength: 36 });
export const OperationName = Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' });

export const priorities = ['urgent', 'normal', 'low'] as const;
export const Priority = Type.Enum(priorities, { title: 'Priority' });
export type Priority = Static<typeof Priority>;

export const deviceStatuses = ['available', 'busy', 'maintenance'] as const;
export const DeviceStatus = Type.Enum(deviceStatuses, { title: 'DeviceStatus' });

/** A row of `devices` that has not been deleted. */
export const Device = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    type: Type.String({ description: 'The driver model: `liquid_handler`, `incubator`, `plate_reader`, …' }),
    status: DeviceStatus,
    paused: Type.Boolean({ description: 'A paused device keeps its booking and starts no operation.' }),
    capabilities: Type.Array(Type.String(), { description: 'Names of the operations that it can do.' }),
    nests: Type.Integer({ description: 'Places for labware.' }),
    location: nullable(Type.String()),
    settings: Type.Record(Type.String(), Type.Unknown(), { description: 'For its driver.' }),
    fencing_token: Type.Integer({ description: 'The token of its newest booking; it only rises.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'Device' },
);
export type Device = Static<typeof Device>;

/** A row of `device_bookings`: the exclusive claim of one workflow on one device. */
export const Booking = Type.Object(
  {
    id: Type.String(),
    device_id: Type.String(),
    workflow_id: Type.String(),
    fencing_token: Type.Integer(),
    status: Type.Enum(['active', 'released']),
    operations: Type.Array(Type.String(), { description: 'What the holder means to do, for estimates.' }),
    queue_entry_id: nullable(Type.String()),
    booked_at: Timestamp,
    released_at: nullable(Timestamp),
    release_reason: nullable(Type.String()),
  },
  { title: 'Booking' },
);
export type Booking = Static<typeof Booking>;

const medianSeconds = nullable(
  Type.Number({
    description:
      'Median, in seconds. Null while nobody can say: the device is paused or in maintenance, or its holder waits for somebody. `waiting_reasons` say which.',
  }),
);
const seconds90 = nullable(Type.Number({ description: '90th percentile, in seconds.' }));

/**
 * Seconds from now: half of such waits are shorter than `seconds`, nine in ten shorter than `seconds_p90`. All are null
 * while nobody can say.
 */
export const Estimate = Type.Object(
  {
    seconds: medianSeconds,
    seconds_p90: seconds90,
    at: nullable(Timestamp),
  },
  { title: 'Estimate' },
);
export type Estimate = Static<typeof Estimate>;

const holderWaitCodes = [
  'operator_task',
  'step_by_hand',
  'completion_by_hand',
  'step_failed',
  'outcome_unknown',
] as const;
const holderWaitCode = {
  description:
    '`operator_task`: a person has to do a task. `step_by_hand`, `completion_by_hand`: somebody has to run the next step, or complete the workflow. `step_failed`, `outcome_unknown`: somebody has to see to a step that failed, or tell what became of it.',
};
const stepPosition = Type.Integer({ minimum: 1, description: 'Of the step that it is about, from 1.' });

/** For what the holder of a device waits that does not come by itself. */
export const HolderWait = Type.Object(
  {
    id: Type.String({
      minLength: 1,
      maxLength: 64,
      description:
        'Of the task, or of this wait alone: told again under the same id it has lasted since it was told first.',
    }),
    code: Type.Enum(holderWaitCodes, holderWaitCode),
    position: Type.Optional(stepPosition),
    about: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: 'The title of the task, or why the step failed.',
      }),
    ),
  },
  { title: 'HolderWait', additionalProperties: false },
);
export type HolderWait = Static<typeof HolderWait>;

/** Why something waits: promise 7. `text` is for people, `code` for programs. */
export const WaitingReason = Type.Object(
  {
    code: Type.Enum(
      ['device_busy', ...holderWaitCodes, 'entries_ahead', 'device_in_maintenance', 'device_paused'],
      holderWaitCode,
    ),
    text: Type.String(),
    workflow_id: Type.Optional(Type.String()),
    task_id: Type.Optional(
      Type.String({ description: 'Of `operator_task`: the task at hub-service for which the holder waits.' }),
    ),
    position: Type.Optional(stepPosition),
  },
  { title: 'WaitingReason' },
);
export type WaitingReason = Static<typeof WaitingReason>;

/** A row of `device_queue`. */
export const QueueEntry = Type.Object(
  {
    id: Type.String(),
    device_id: Type.String(),
    workflow_id: Type.String(),
    priority: Priority,
    priority_value: Type.Integer({ description: 'urgent 1, normal 5, low 9: lower goes first.' }),
    status: Type.Enum(['queued', 'booked', 'cancelled']),
    operations: Type.Array(Type.String()),
    queued_at: Timestamp,
    booked_at: nullable(Timestamp),
    cancelled_at: nullable(Timestamp),
    cancel_reason: nullable(Type.String()),
  },
  { title: 'QueueEntry' },
);
export type QueueEntry = Static<typeof QueueEntry>;

/** An entry that waits, as the queue shows it. `position` counts from 1. */
export const WaitingEntry = Type.Object(
  {
    ...QueueEntry.properties,
    position: Type.Integer(),
    estimate: Estimate,
    waiting_reasons: Type.Array(WaitingReason),
  },
  { title: 'WaitingEntry' },
);
export type WaitingEntry = Static<typeof WaitingEntry>;

export const WaitTime = Type.Object(
  {
    device_id: Type.String(),
    workflow_id: nullable(Type.String()),
    position: Type.Integer({
      description: '0: it holds the device. Otherwise its place in the queue, from 1.',
    }),
    queue_length: Type.Integer(),
    estimated_wait_seconds: medianSeconds,
    estimated_wait_seconds_p90: seconds90,
    estimated_start_at: nullable(Timestamp),
    waiting_reasons: Type.Array(WaitingReason),
  },
  { title: 'WaitTime' },
);
export type WaitTime = Static<typeof WaitTime>;

export const executionStatuses = ['running', 'succeeded', 'failed', 'unknown'] as const;
export const ExecutionStatus = Type.Enum(executionStatuses, { title: 'ExecutionStatus' });

/** A row of `execution_logs`: what a device did, when, for whom, with what result. */
export const Execution = Type.Object(
  {
    id: Type.String(),
    execution_id: nullable(Type.String({ description: 'The idempotency key: one attempt at one step.' })),
    device_id: Type.String(),
    device_type: Type.String(),
    workflow_id: nullable(Type.String()),
    operation: Type.String(),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    fencing_token: nullable(Type.Integer()),
    status: ExecutionStatus,
    result: nullable(Type.Record(Type.String(), Type.Unknown())),
    error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
    started_at: Timestamp,
    finished_at: nullable(Timestamp),
    duration_ms: nullable(Type.Integer()),
  },
  { title: 'Execution' },
);
export type Execution = Static<typeof Execution>;

/** One line of the feed of what happened, oldest first. */
export const DeviceEvent = Type.Object({
  id: Type.String(),
  type: Type.Enum([
    'booking.granted',
    'booking.released',
    'queue.entered',
    'queue.cancelled',
    'execution.finished',
    'device.changed',
  ]),
  device_id: Type.String(),
  workflow_id: nullable(Type.String()),
  data: Type.Record(Type.String(), Type.Unknown()),
  at: Timestamp,
});
export type DeviceEvent = Static<typeof DeviceEvent>;

/** Of an event in a feed. */
export const EventCursor = Type.String({ description: 'Where to read on after this event.' });
/** Where a feed is read from, and how long for. */
export const FeedQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 60,
        description:
          '`next_cursor` of the answer before, or the `cursor` of an event. Without it: from the oldest event that is kept. `now`: nothing that was, and where to read on from.',
      }),
    ),
    wait_seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60, default: 0, description: 'How long to wait for a new event.' }),
    ),
  },
  { additionalProperties: false },
);

/** An event as the feed tells it. */
const ToldEvent = Type.Object({ ...DeviceEvent.properties, cursor: EventCursor }, { title: 'DeviceEvent' });

export const EventPage = Type.Object(
  {
    events: Type.Array(ToldEvent),
    next_cursor: Type.String({ description: 'Where to read on; the same as given where nothing is new.' }),
  },
  { title: 'DeviceEventPage' },
);
export type EventPage = Static<typeof EventPage>;

/** Of what is sensitive: why, and an electronic signature where the laboratory wants one. Kept in the audit trail. */
export const approvalFields = {
  reason: Type.Optional(
    Type.String({
      maxLength: 500,
      description: 'Why. Needed for what is sensitive, where people have accounts.',
    }),
  ),
  signature: Type.Optional(
    Type.String({ maxLength: 4_096, description: 'A statement of `POST /signatures` of hub-service.' }),
  ),
};

export const BookRequest = Type.Object(
  { workflow_id: WorkflowId, operations: Type.Optional(Type.Array(OperationName, { maxItems: 1_000 })) },
  { title: 'BookRequest', additionalProperties: false },
);
export const ReleaseRequest = Type.Object(
  {
    workflow_id: WorkflowId,
    booking_id: Type.Optional(Type.String({ description: 'Releases this booking only, and no later one.' })),
    ...approvalFields,
  },
  { title: 'ReleaseRequest', additionalProperties: false },
);
export const EnqueueRequest = Type.Object(
  {
    workflow_id: WorkflowId,
    priority: Type.Optional(Priority),
    operations: Type.Optional(Type.Array(OperationName, { maxItems: 1_000 })),
    ...approvalFields,
  },
  { title: 'EnqueueRequest', additionalProperties: false },
);
export const ExecuteRequest = Type.Object(
  {
    workflow_id: WorkflowId,
    booking_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20,
        description:
          'Only under this booking: a request that arrives late, when the workflow has booked anew, moves nothing.',
      }),
    ),
    operation: OperationName,
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    execution_id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'The attempt: asked twice, it is done once.' }),
    ),
    wait_seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60, description: 'How long the answer may wait for the outcome.' }),
    ),
  },
  { title: 'ExecuteRequest', additionalProperties: false },
);

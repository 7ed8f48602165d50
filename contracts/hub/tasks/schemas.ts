import { DeviceId, Priority, WorkflowId } from '@labwright/contract-devices';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import Type, { type Static } from 'typebox';
import { Fields, FormValues } from './fields.ts';

export const taskStatuses = ['open', 'in_progress', 'completed', 'cancelled'] as const;
export const TaskStatus = Type.Enum(taskStatuses, { title: 'TaskStatus' });
export type TaskStatus = Static<typeof TaskStatus>;

const exact = { additionalProperties: false };

const Role = Type.Enum(roles, { description: 'Whoever has at least this role.' });
const PersonId = Type.String({ minLength: 1, maxLength: 100, description: 'The id of a principal.' });

/** For whom a task is. */
export const Assignee = Type.Union(
  [Type.Object({ person: PersonId }, exact), Type.Object({ role: Role }, exact)],
  { title: 'TaskAssignee' },
);
export type Assignee = Static<typeof Assignee>;

/** Whoever did something, with the name that they had then. */
export const Who = Type.Object({ id: Type.String(), name: Type.String() }, { title: 'Who' });
export type Who = Static<typeof Who>;

const Title = Type.String({ minLength: 1, maxLength: 200 });
const Instructions = Type.String({
  maxLength: 20_000,
  description: 'Markdown for people; kept as it is, and never carried out.',
});

/** Work for a human hand. */
export const Task = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    instructions: Type.String({ description: 'Markdown.' }),
    fields: Fields,
    assignee: nullable(
      Type.Union([Type.Object({ person: Type.String(), name: Type.String() }), Type.Object({ role: Role })]),
    ),
    priority: Priority,
    due_at: nullable(Timestamp),
    status: TaskStatus,
    status_reason: nullable(Type.String({ description: 'Why it was cancelled or opened again.' })),
    holder: nullable(
      Type.Object(
        { ...Who.properties },
        { description: 'Who has it in hand; where it is completed, who did it.' },
      ),
    ),
    values: nullable(FormValues),
    workflow_id: nullable(Type.String()),
    device_id: nullable(Type.String()),
    step: nullable(Type.Integer({ description: 'The step of the workflow that waits for it.' })),
    version: Type.Integer({ description: 'Rises with every change; also the ETag.' }),
    created_by: Who,
    created_at: Timestamp,
    started_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
    updated_at: Timestamp,
  },
  { title: 'Task' },
);
export type Task = Static<typeof Task>;

const described = {
  title: Title,
  instructions: Type.Optional(Instructions),
  fields: Type.Optional(Fields),
  assignee: Type.Optional(Assignee),
  priority: Type.Optional(Priority),
};

export const CreateTaskRequest = Type.Object(
  {
    ...described,
    due_at: Type.Optional(Timestamp),
    workflow_id: Type.Optional(WorkflowId),
    device_id: Type.Optional(DeviceId),
  },
  { title: 'CreateTaskRequest', ...exact },
);
export type CreateTaskRequest = Static<typeof CreateTaskRequest>;

/** A step of a workflow that a person carries out. */
export const OperatorTask = Type.Object(
  {
    ...described,
    due_in_seconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'From when the step begins.' }),
    ),
  },
  { title: 'OperatorTask', ...exact },
);
export type OperatorTask = Static<typeof OperatorTask>;

/** What a step of a workflow asks of people; `id` is that of the attempt, so that asking again finds the task. */
export const StepTask = Type.Object(
  {
    ...described,
    id: Type.String({ format: 'uuid' }),
    due_at: nullable(Timestamp),
    workflow_id: WorkflowId,
    device_id: DeviceId,
    step: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  },
  exact,
);
export type StepTask = Static<typeof StepTask>;

const { id: _id, ...ofStep } = StepTask.properties;
/** The same where the id stands in the URL. */
export const StepTaskBody = Type.Object(ofStep, { title: 'StepTaskBody', ...exact });

const Version = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 2_147_483_647,
    description: 'The version that you have seen; 409 with the newer task where it has changed since.',
  }),
);

/** What stands here is changed; null takes it away. */
export const ChangeTaskRequest = Type.Object(
  {
    version: Version,
    title: Type.Optional(Title),
    instructions: Type.Optional(Instructions),
    fields: Type.Optional(Fields),
    assignee: Type.Optional(nullable(Assignee)),
    priority: Type.Optional(Priority),
    due_at: Type.Optional(nullable(Timestamp)),
  },
  { title: 'ChangeTaskRequest', ...exact },
);
export type ChangeTaskRequest = Static<typeof ChangeTaskRequest>;

const Reason = Type.String({ minLength: 1, maxLength: 500 });

export const CompleteTaskRequest = Type.Object(
  { version: Version, values: Type.Optional(FormValues), comment: Type.Optional(Reason) },
  { title: 'CompleteTaskRequest', ...exact },
);
export const ReleaseTaskRequest = Type.Object(
  { version: Version, reason: Type.Optional(Reason) },
  { title: 'ReleaseTaskRequest', ...exact },
);
/** Of cancel and reopen: nobody else knows why. */
export const ReasonTaskRequest = Type.Object(
  { version: Version, reason: Reason },
  { title: 'ReasonTaskRequest', ...exact },
);
export const ClaimTaskRequest = Type.Object({ version: Version }, { title: 'ClaimTaskRequest', ...exact });
export const CommentRequest = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 5_000 }) },
  { title: 'CommentTaskRequest', ...exact },
);

export const historyKinds = [
  'created',
  'changed',
  'claimed',
  'released',
  'completed',
  'cancelled',
  'reopened',
  'overdue',
  'commented',
] as const;

/** What happened to a task; never changed afterwards. */
export const HistoryEntry = Type.Object(
  {
    id: Type.String({ description: 'Rises.' }),
    at: Timestamp,
    kind: Type.Enum(historyKinds),
    by: Who,
    version: Type.Integer({ description: 'Of the task, after it.' }),
    text: nullable(Type.String({ description: 'The comment, or the reason.' })),
    changes: nullable(
      Type.Record(Type.String(), Type.Object({ before: Type.Unknown(), after: Type.Unknown() })),
    ),
  },
  { title: 'TaskHistoryEntry' },
);
export type HistoryEntry = Static<typeof HistoryEntry>;

export const TaskPage = Type.Object(
  { tasks: Type.Array(Task), next_cursor: NextCursor },
  { title: 'TaskPage' },
);
export const HistoryPage = Type.Object(
  { history: Type.Array(HistoryEntry), next_cursor: NextCursor },
  { title: 'TaskHistoryPage' },
);

/** A task that a step waits for has ended. `GET /tasks/{id}` has the values. */
export const TaskOutcome = Type.Object(
  {
    id: Type.String(),
    task_id: Type.String(),
    workflow_id: Type.String(),
    status: Type.Enum(['completed', 'cancelled']),
    at: Timestamp,
  },
  { title: 'TaskOutcome' },
);
export type TaskOutcome = Static<typeof TaskOutcome>;

export const TaskOutcomePage = Type.Object(
  {
    events: Type.Array(TaskOutcome),
    next_cursor: Type.String({ description: 'Where to read on; the same as given where nothing is new.' }),
  },
  { title: 'TaskOutcomePage' },
);
export type TaskOutcomePage = Static<typeof TaskOutcomePage>;

import {
  approvalFields,
  DeviceId,
  OperationName,
  Priority,
  priorities,
  WorkflowId,
} from '@labwright/contract-devices';
import { OperatorTask } from '@labwright/contract-hub/tasks';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';

export { priorities };

export const workflowStatuses = [
  'created',
  'queued',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const;
export const WorkflowStatus = Type.Enum(workflowStatuses, { title: 'WorkflowStatus' });
export type WorkflowStatus = Static<typeof WorkflowStatus>;

export const stepStatuses = ['pending', 'running', 'succeeded', 'failed', 'unknown', 'skipped'] as const;
export const StepStatus = Type.Enum(stepStatuses, { title: 'StepStatus' });

/** Why a step that runs has not ended. */
export const StepWait = Type.Object(
  {
    code: Type.Enum(['operator_task', 'operator_task_unconfirmed'], {
      description:
        '`operator_task`: a person has to do it. `operator_task_unconfirmed`: hub-service has not confirmed that the task is there; it is asked until it does.',
    }),
    message: Type.String(),
    task_id: Type.String({ description: '`GET /tasks/{id}` of hub-service.' }),
  },
  { title: 'StepWait' },
);
export type StepWait = Static<typeof StepWait>;

/** A row of `workflow_steps`: one operation on the workflow's device, or work for a human hand. */
export const Step = Type.Object(
  {
    position: Type.Integer({ description: 'From 1.' }),
    operation: Type.String({ description: '`operator_task` where a person carries it out.' }),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    operator_task: nullable(OperatorTask),
    status: StepStatus,
    attempts: Type.Integer({ description: 'Tries so far.' }),
    execution_id: nullable(
      Type.String({
        description:
          "The newest try, as device-service's execution log names it; the id of the task where a person carries it out.",
      }),
    ),
    result: nullable(Type.Record(Type.String(), Type.Unknown())),
    error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
    started_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
    duration_ms: nullable(
      Type.Integer({
        description:
          'How long its device took. Null before its end, where a person carried it out, and where nobody could measure it: Labwright was stopped meanwhile.',
      }),
    ),
    waiting_reasons: Type.Array(StepWait),
  },
  { title: 'Step' },
);
export type Step = Static<typeof Step>;

export const Barcode = Type.String({
  pattern: '^[\\x21-\\x7e]{1,64}$',
  description: 'As the scanner reads it: visible ASCII, at most 64.',
});
/** `A1` is the first row, first column; rows go on to `AF` (1,536-well plates have 32 rows and 48 columns). */
export const WellName = Type.String({ pattern: '^[A-Z]{1,2}[1-9][0-9]?$' });
export const PlateId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$' });
export const SampleType = Type.String({ pattern: '^[a-z][a-z0-9_ -]{0,49}$' });

/** A row of `samples`: a specimen and where it stands. */
export const Sample = Type.Object(
  {
    id: Type.String(),
    barcode: Type.String(),
    sample_type: Type.String({ description: '`blood`, `tissue`, `saliva`, …' }),
    plate_id: nullable(Type.String()),
    well: nullable(Type.String()),
    volume_ul: nullable(Type.Number({ description: 'Microlitres.' })),
    metadata: Type.Record(Type.String(), Type.Unknown()),
    created_at: Timestamp,
  },
  { title: 'Sample' },
);
export type Sample = Static<typeof Sample>;

export const Plate = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    rows: Type.Integer(),
    columns: Type.Integer(),
    created_at: Timestamp,
  },
  { title: 'Plate' },
);
export type Plate = Static<typeof Plate>;

const { metadata: _metadata, ...inPlace } = Sample.properties;

/** A sample where many are listed within something else; `GET /samples/{barcode}` has its metadata too. */
export const ListedSample = Type.Object(inPlace, { title: 'ListedSample' });
export type ListedSample = Static<typeof ListedSample>;

/** A plate and what stands on it, in the order of its wells: row by row. */
export const PlateWithSamples = Type.Object(
  { ...Plate.properties, samples: Type.Array(ListedSample) },
  { title: 'PlateWithSamples' },
);
export type PlateWithSamples = Static<typeof PlateWithSamples>;

/** A row of `workflows` with its steps and samples. */
export const Workflow = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    device_id: Type.String(),
    status: WorkflowStatus,
    status_reason: nullable(Type.String({ description: 'Why it is paused, failed or cancelled.' })),
    priority: Priority,
    auto: Type.Boolean({ description: 'Carries out its steps and completes by itself once it runs.' }),
    booking_id: nullable(Type.String()),
    fencing_token: nullable(Type.Integer()),
    queue_entry_id: nullable(Type.String()),
    created_at: Timestamp,
    started_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
    updated_at: Timestamp,
    steps: Type.Array(Step),
    samples: Type.Array(ListedSample),
  },
  { title: 'Workflow' },
);
export type Workflow = Static<typeof Workflow>;

const NewStep = Type.Union(
  [
    OperationName,
    Type.Object(
      {
        operation: OperationName,
        parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      },
      { additionalProperties: false },
    ),
    Type.Object({ operator_task: OperatorTask }, { additionalProperties: false }),
  ],
  {
    description:
      'The name of an operation; its name and its parameters; or `operator_task`, which a person carries out while the workflow keeps the device: its result are the values of the form.',
  },
);

export const CreateWorkflowRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    device_id: DeviceId,
    steps: Type.Array(NewStep, { minItems: 1, maxItems: 1_000 }),
    sample_barcodes: Type.Optional(Type.Array(Barcode, { maxItems: 10_000, uniqueItems: true })),
    priority: Type.Optional(Priority),
    auto: Type.Optional(Type.Boolean()),
  },
  { title: 'CreateWorkflowRequest', additionalProperties: false },
);
export type CreateWorkflowRequest = Static<typeof CreateWorkflowRequest>;

export const StartWorkflowRequest = Type.Object(
  {
    queue: Type.Optional(Type.Boolean({ description: 'Wait in the queue where the device is busy.' })),
    priority: Type.Optional(Priority),
    auto: Type.Optional(Type.Boolean()),
  },
  { title: 'StartWorkflowRequest', additionalProperties: false },
);

export const ReasonRequest = Type.Object(approvalFields, {
  title: 'ReasonRequest',
  additionalProperties: false,
});

export const ExecuteStepRequest = Type.Object(
  {
    wait_seconds: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 60,
        description: 'How long the answer may wait for the outcome; 30.',
      }),
    ),
  },
  { title: 'ExecuteStepRequest', additionalProperties: false },
);

export const ResolveStepRequest = Type.Object(
  {
    outcome: Type.Enum(['succeeded', 'failed']),
    reason: Type.String({ minLength: 1, maxLength: 500, description: 'How you know what really happened.' }),
    signature: approvalFields.signature,
  },
  { title: 'ResolveStepRequest', additionalProperties: false },
);

export const CreateSampleRequest = Type.Object(
  {
    barcode: Barcode,
    sample_type: SampleType,
    plate_id: Type.Optional(PlateId),
    well: Type.Optional(WellName),
    volume_ul: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000_000 })),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'CreateSampleRequest', additionalProperties: false },
);
export type CreateSampleRequest = Static<typeof CreateSampleRequest>;

export const CreatePlateRequest = Type.Object(
  {
    id: PlateId,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
    columns: Type.Optional(Type.Integer({ minimum: 1, maximum: 48 })),
  },
  { title: 'CreatePlateRequest', additionalProperties: false },
);

export const ValidateSamplesRequest = Type.Object(
  {
    barcodes: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 10_000 })),
    sample_barcodes: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 10_000 })),
  },
  { title: 'ValidateSamplesRequest', additionalProperties: false },
);

/** A barcode that no sample has, and that of a sample which differs in upper and lower case only. */
export const SimilarBarcode = Type.Object({ given: Type.String(), known: Type.String() });
export type SimilarBarcode = Static<typeof SimilarBarcode>;

export const ValidateSamplesAnswer = Type.Object(
  {
    valid: Type.Boolean({ description: 'All of them are known.' }),
    valid_barcodes: Type.Array(Type.String()),
    invalid_barcodes: Type.Array(Type.String()),
    similar_barcodes: Type.Optional(
      Type.Array(SimilarBarcode, {
        description:
          'Those of `invalid_barcodes` that are a sample’s in other upper and lower case, with what it is called; only where there are some.',
      }),
    ),
  },
  { title: 'ValidateSamplesAnswer' },
);

export const ImportAnswer = Type.Object(
  {
    message: Type.String(),
    imported: Type.Integer(),
    rejected: Type.Integer(),
    faults: Type.Array(Type.Object({ line: Type.Integer(), column: Type.String(), message: Type.String() }), {
      description: 'The first 1,000; `rejected` counts all bad rows.',
    }),
  },
  { title: 'ImportAnswer' },
);

export const WorkflowAnswer = Type.Object(
  { message: Type.String(), workflow: Workflow },
  { title: 'WorkflowAnswer' },
);
export const StepAnswer = Type.Object(
  { message: Type.String(), step: Step, workflow: Workflow },
  { title: 'StepAnswer' },
);
export const WorkflowPage = Type.Object(
  { workflows: Type.Array(Workflow), next_cursor: NextCursor },
  { title: 'WorkflowPage' },
);
export const SamplePage = Type.Object(
  { samples: Type.Array(Sample), next_cursor: NextCursor },
  { title: 'SamplePage' },
);
/** A workflow in which a sample is used; `GET /workflows/{id}` has all of it. */
export const SampleUse = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    device_id: Type.String(),
    status: WorkflowStatus,
    created_at: Timestamp,
    finished_at: nullable(Timestamp),
  },
  { title: 'SampleUse' },
);
export type SampleUse = Static<typeof SampleUse>;
export const SampleUsePage = Type.Object(
  { workflows: Type.Array(SampleUse), next_cursor: NextCursor },
  { title: 'SampleUsePage' },
);
export const PlatePage = Type.Object(
  { plates: Type.Array(Plate), next_cursor: NextCursor },
  { title: 'PlatePage' },
);
export { WorkflowId };

import { EventCursor } from '@labwright/contract-devices';
import { nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';
import { StepStatus, WorkflowStatus } from './schemas.ts';

const head = { id: Type.String(), workflow_id: Type.String(), device_id: Type.String(), at: Timestamp };

/** What `workflow.created` and `workflow.changed` tell. */
export const WorkflowChange = Type.Object(
  {
    name: Type.String(),
    status: WorkflowStatus,
    previous: nullable(WorkflowStatus),
    reason: nullable(Type.String()),
    by: nullable(Type.String({ description: 'The action that brought it there; null: it came by itself.' })),
    cause: nullable(
      Type.Enum(['failed', 'unknown'], { description: 'How the step stands that made it `failed`.' }),
    ),
  },
  { title: 'WorkflowChange' },
);
export type WorkflowChange = Static<typeof WorkflowChange>;

/** What `step.changed` tells. */
export const StepChange = Type.Object(
  {
    name: Type.String({ description: 'Of the workflow.' }),
    position: Type.Integer({ description: 'From 1.' }),
    operation: Type.String(),
    status: StepStatus,
    previous: StepStatus,
    execution_id: nullable(Type.String()),
    error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  },
  { title: 'StepChange' },
);
export type StepChange = Static<typeof StepChange>;

/**
 * One line of the feed of what happened to workflows. `data` is a `WorkflowChange` for `workflow.created` and
 * `workflow.changed`, a `StepChange` for `step.changed`; a deleted workflow leaves its name.
 */
export const WorkflowEvent = Type.Object({
  ...head,
  type: Type.Enum(['workflow.created', 'workflow.changed', 'workflow.deleted', 'step.changed']),
  data: Type.Record(Type.String(), Type.Unknown()),
});
export type WorkflowEvent = Static<typeof WorkflowEvent>;

/** An event as the feed tells it. */
const ToldEvent = Type.Object(
  { ...WorkflowEvent.properties, cursor: EventCursor },
  { title: 'WorkflowEvent' },
);

export const WorkflowEventPage = Type.Object(
  {
    events: Type.Array(ToldEvent),
    next_cursor: Type.String({ description: 'Where to read on; the same as given where nothing is new.' }),
  },
  { title: 'WorkflowEventPage' },
);
export type WorkflowEventPage = Static<typeof WorkflowEventPage>;

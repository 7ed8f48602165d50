import { type WorkflowStatus, workflowErrors, workflowStatuses } from '@labwright/contract-workflows';
import type { Problem } from '@labwright/kernel/errors';

export const requests = [
  'start',
  'execute-step',
  'resolve-step',
  'pause',
  'resume',
  'complete',
  'cancel',
  'delete',
] as const;
/** What can be asked of a workflow, as the routes name it. */
export type WorkflowRequest = (typeof requests)[number];

/** The state machine: what may be asked of a workflow in which state. Nothing else decides about it. */
const allowedIn: Readonly<Record<WorkflowStatus, readonly WorkflowRequest[]>> = {
  created: ['start', 'cancel', 'delete'],
  queued: ['cancel'],
  running: ['execute-step', 'pause', 'complete', 'cancel'],
  paused: ['resume', 'cancel'],
  failed: ['execute-step', 'resolve-step', 'cancel'],
  completed: [],
  cancelled: [],
};

export const isAllowed = (request: WorkflowRequest, status: WorkflowStatus): boolean =>
  allowedIn[status].includes(request);

/** The states in which this may be asked. */
export const statesThatAllow = (request: WorkflowRequest): WorkflowStatus[] =>
  workflowStatuses.filter((status) => isAllowed(request, status));

const doings: Readonly<Record<WorkflowRequest, string>> = {
  start: 'started',
  'execute-step': 'asked to carry out a step',
  'resolve-step': 'told the outcome of a step',
  pause: 'paused',
  resume: 'resumed',
  complete: 'completed',
  cancel: 'cancelled',
  delete: 'deleted',
};

/** 409 `wrong_state` with the present state and what it allows. */
export function wrongState(
  workflow: { id: string; status: WorkflowStatus },
  request: WorkflowRequest,
): Problem {
  const allowed = allowedIn[workflow.status];
  const instead = allowed.length > 0 ? `Now it can be asked to: ${allowed.join(', ')}.` : 'It is over.';
  return workflowErrors.problem(
    'wrong_state',
    `Workflow ${workflow.id} is ${workflow.status} and cannot be ${doings[request]}. ${instead}`,
    { extra: { workflow_status: workflow.status, allowed } },
  );
}

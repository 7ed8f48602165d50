import type { Step, Workflow } from './types.ts';

export const actions = [
  'start',
  'execute-step',
  'resume',
  'complete',
  'pause',
  'abort',
  'resolve-step',
  'cancel',
  'delete',
] as const;
export type Action = (typeof actions)[number];

/** What the state machine allows, before one looks at the steps (README of services/workflows). */
const allowedIn: Readonly<Record<Workflow['status'], readonly Action[]>> = {
  created: ['start', 'cancel', 'delete'],
  queued: ['cancel'],
  running: ['execute-step', 'pause', 'complete', 'cancel', 'abort'],
  paused: ['resume', 'cancel'],
  failed: ['execute-step', 'resolve-step', 'cancel'],
  completed: [],
  cancelled: [],
};

/** The step that `execute-step` would carry out: the first that is neither done nor left out. */
export const nextStep = ({ steps }: Pick<Workflow, 'steps'>): Step | undefined =>
  steps.find(({ status }) => status === 'pending' || status === 'failed');

/**
 * What a person can ask of this workflow right now. A running step keeps the device: nothing may take it away, only a stop of the
 * device itself can; a step that waits for a person does not move it, and the workflow can be cancelled.
 */
export function allowedNow(workflow: Pick<Workflow, 'status' | 'steps'>): readonly Action[] {
  const running = workflow.steps.find(({ status }) => status === 'running');
  const unknown = workflow.steps.some(({ status }) => status === 'unknown');
  return allowedIn[workflow.status].filter((action) => {
    switch (action) {
      case 'execute-step':
        return !running && !unknown && nextStep(workflow) !== undefined;
      case 'resolve-step':
        return unknown;
      case 'pause':
      case 'complete':
        return !running;
      case 'cancel':
        return !running || running.operator_task !== null;
      case 'abort':
        return running !== undefined && running.operator_task === null;
      default:
        return true;
    }
  });
}

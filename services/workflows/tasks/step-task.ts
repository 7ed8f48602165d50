import type { OperatorTask, StepTask } from '@labwright/contract-hub/tasks';

/** The step of an attempt, as far as people are concerned. */
export interface HumanStep {
  execution_id: string;
  workflow_id: string;
  device_id: string;
  position: number;
  started_at: string | null;
  operator_task: OperatorTask;
}

/** What the hub is asked: the same each time, for all of it is stored with the attempt. */
export function stepTask(step: HumanStep): StepTask {
  const { due_in_seconds, ...asked } = step.operator_task;
  const begun = step.started_at === null ? Number.NaN : Date.parse(step.started_at);
  const due = due_in_seconds === undefined ? null : new Date(begun + due_in_seconds * 1_000);
  return {
    ...asked,
    id: step.execution_id,
    due_at: due === null || Number.isNaN(due.getTime()) ? null : due.toISOString(),
    workflow_id: step.workflow_id,
    device_id: step.device_id,
    step: step.position,
  };
}

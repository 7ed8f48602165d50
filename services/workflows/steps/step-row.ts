import { Step } from '@labwright/contract-workflows';
import { nullable } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';

const { waiting_reasons: _reasons, ...columns } = Step.properties;

/** A step as the engine sees it. */
export const StepRow = Type.Object({
  workflow_id: Type.String(),
  ...columns,
  /** While it runs: when device-service is asked again. Whoever drives the step holds it until then. */
  ask_again_at: nullable(Type.String()),
});
export type StepRow = Static<typeof StepRow>;

/** Of a statement that names the table `s`. */
export const stepColumns = `s.workflow_id, s.position, s.operation, s.parameters, s.operator_task, s.status, s.attempts, s.execution_id,
  s.result, s.error, s.started_at, s.finished_at, s.duration_ms, s.ask_again_at`;

/** A step that runs, under the execution id that its try has. */
export interface RunningStep extends StepRow {
  execution_id: string;
  ask_again_at: string;
  device_id: string;
  /** Of its workflow, when it was claimed or taken over. */
  booking_id: string | null;
}

export function asRunning(
  step: StepRow,
  workflow: { device_id: string; booking_id: string | null },
): RunningStep {
  const { execution_id, ask_again_at } = step;
  if (execution_id === null || ask_again_at === null)
    throw new Error(`Step ${step.position} of workflow ${step.workflow_id} does not run`);
  const { device_id, booking_id } = workflow;
  return { ...step, execution_id, ask_again_at, device_id, booking_id };
}

/** How a person calls it. */
export const stepName = (step: Pick<Step, 'position' | 'operation'>) =>
  `Step ${step.position} (${step.operation})`;

import type { Execution } from '@labwright/contract-devices';
import { workflowErrors } from '@labwright/contract-workflows';
import { isProblem, type Problem } from '@labwright/kernel/errors';
import { command } from '@labwright/kernel/statement';
import { verdictOf } from '../actions/verdict.ts';
import type { CoreDeps } from '../deps.ts';
import { askPeopleFirst } from '../tasks/ask-people.ts';
import { putBackAndPause, putBackStep } from './put-back-step.ts';
import { recordOutcome } from './record-outcome.ts';
import type { RunningStep } from './step-row.ts';

const askAgain = command(
  'workflows.step.ask_again',
  `UPDATE workflow_steps SET ask_again_at = clock_timestamp() + make_interval(secs => $3::float8)
   WHERE execution_id = $1 AND status = 'running' AND ask_again_at = $2`,
);

/**
 * Asks the device for a step that was claimed, and records the outcome; where it still runs after `waitSeconds` (or
 * where there is no answer) the step stays `running` until its outcome is known. Throws the refusal of
 * device-service, `booking_lost`, or one of `reachErrors`.
 */
export async function carryOutStep(deps: CoreDeps, step: RunningStep, waitSeconds: number): Promise<void> {
  if (step.operator_task) return askPeopleFirst(deps, step);
  let execution: Execution;
  try {
    execution = await ask(deps, step, waitSeconds);
  } catch (error) {
    if (isProblem(error, 'not_the_holder')) throw await loseBooking(deps, step, error);
    if (verdictOf(error) === 'unanswered') {
      await askAgainAfter(deps, step, 0);
      deps.wake.repair();
    } else await putBackStep(deps, step);
    throw error;
  }
  await takeIn(deps, step, execution);
}

/**
 * Asks once more about a step whose outcome nobody told: the same execution id never moves the device twice.
 * Throws only what it could not settle: then it is asked again later.
 */
export async function carryOutStepAgain(deps: CoreDeps, step: RunningStep): Promise<void> {
  let execution: Execution;
  try {
    execution = await ask(deps, step, 0);
  } catch (error) {
    if (isProblem(error, 'not_the_holder')) {
      await loseBooking(deps, step, error);
      return;
    }
    if (isProblem(error) && verdictOf(error) === 'refused' && error.status !== 409)
      return recordOutcome(deps, refusalAsOutcome(step, error));
    // A paused or busy device takes it later; nothing else may be done before that is certain.
    await askAgainAfter(deps, step, deps.settings.repairMs);
    throw error;
  }
  await takeIn(deps, step, execution);
}

/** Of a workflow without one: what is on record is answered, and nothing is begun. */
const noBooking = '0';

const ask = (deps: CoreDeps, step: RunningStep, waitSeconds: number) =>
  deps.devices.execute({
    device_id: step.device_id,
    workflow_id: step.workflow_id,
    // Should this arrive when the step was put back and its workflow has booked anew, nothing moves.
    booking_id: step.booking_id ?? noBooking,
    operation: step.operation,
    parameters: step.parameters,
    execution_id: step.execution_id,
    wait_seconds: waitSeconds,
  });

async function takeIn(deps: CoreDeps, step: RunningStep, execution: Execution): Promise<void> {
  const { status, result, error, duration_ms } = execution;
  if (status === 'running') await askAgainAfter(deps, step, deps.settings.askAgainMs);
  else await recordOutcome(deps, { execution_id: step.execution_id, status, result, error, duration_ms });
}

async function askAgainAfter(deps: CoreDeps, step: RunningStep, ms: number): Promise<void> {
  await deps.db.execute(askAgain, [step.execution_id, step.ask_again_at, ms / 1_000]);
}

async function loseBooking(deps: CoreDeps, step: RunningStep, cause: Problem): Promise<Problem> {
  const reason = `The booking of ${step.device_id} is gone: ${cause.message}`;
  await putBackAndPause(deps, step, reason);
  return workflowErrors.problem(
    'booking_lost',
    `Workflow ${step.workflow_id} does not hold ${step.device_id} any more and is paused. See to the samples, then POST /workflows/${step.workflow_id}/resume books the device again.`,
    { cause, extra: { workflow_status: 'paused' } },
  );
}

/** A refusal that will not change: the step has failed with it. */
const refusalAsOutcome = (step: RunningStep, refusal: Problem) => ({
  execution_id: step.execution_id,
  status: 'failed' as const,
  result: null,
  error: { code: refusal.code, message: refusal.message },
  duration_ms: null,
});

import type { Task } from '@labwright/contract-hub/tasks';
import { isProblem } from '@labwright/kernel/errors';
import { command } from '@labwright/kernel/statement';
import type { CoreDeps } from '../deps.ts';
import { type Outcome, recordOutcome } from '../steps/record-outcome.ts';
import type { RunningStep } from '../steps/step-row.ts';
import { tellDevice } from '../waits/tell-device.ts';
import { stepTask } from './step-task.ts';

// Guarded by `ask_again_at`: who was overtaken by the repair loop has no say any more.
const askAgain = command(
  'workflows.tasks.ask_again',
  `UPDATE workflow_steps
   SET ask_again_at = clock_timestamp() + make_interval(secs => $3::float8),
       task_seen_at = CASE WHEN $4 THEN coalesce(task_seen_at, clock_timestamp()) ELSE task_seen_at END
   WHERE execution_id = $1 AND status = 'running' AND ask_again_at = $2`,
);

/**
 * Asks hub-service for the task of an attempt that was claimed. While the hub is away the step stays as it is, and the repair loop
 * asks until it is back: whoever began the step need not.
 */
export async function askPeopleFirst(deps: CoreDeps, step: RunningStep): Promise<void> {
  try {
    await askPeople(deps, step);
  } catch (error) {
    deps.log.warn(
      { err: error, workflow_id: step.workflow_id, task: step.execution_id },
      'a task could not be asked for yet',
    );
    deps.wake.tasks();
  }
}

/**
 * Makes sure that the task is there, and takes in how it stands: it may have ended without our hearing of it. Throws where the
 * hub cannot be asked; it is asked again then.
 */
export async function askPeople(deps: CoreDeps, step: RunningStep): Promise<void> {
  const { tasks } = deps;
  const { operator_task, execution_id } = step;
  if (operator_task === null)
    throw new Error(`Step ${step.position} of ${step.workflow_id} is not for people`);
  const again = (ms: number, seen: boolean) =>
    deps.db.execute(askAgain, [execution_id, step.ask_again_at, ms / 1_000, seen]);
  if (!tasks) {
    await again(deps.settings.askAgainMs, false);
    throw new Error('hub-service is not known any more: set HUB_SERVICE_URL');
  }
  let task: Task;
  try {
    task = await tasks.ensure(stepTask({ ...step, operator_task }));
  } catch (error) {
    const refused = refusalOf(error);
    if (refused)
      return recordOutcome(deps, {
        execution_id,
        status: 'failed',
        result: null,
        error: refused,
        duration_ms: null,
      });
    await again(deps.settings.repairMs, false);
    throw error;
  }
  const outcome = outcomeOf(task);
  if (outcome) await recordOutcome(deps, outcome);
  else {
    await again(deps.settings.askAgainMs, true);
    await tellOfTask(deps, step, operator_task.title);
  }
}

/**
 * So that those who wait for the device are told why, and no time. Only that depends on it: where it fails the task stands, and the device is told
 * when the task is asked about again.
 */
async function tellOfTask(deps: CoreDeps, step: RunningStep, title: string): Promise<void> {
  const { device_id, workflow_id, booking_id, execution_id, position } = step;
  if (booking_id === null) return;
  try {
    const holder = { device_id, workflow_id, booking_id };
    await tellDevice(deps, holder, { id: execution_id, code: 'operator_task', position, about: title });
  } catch (error) {
    deps.log.info({ err: error, workflow_id, device_id }, 'a device could not be told that its holder waits');
  }
}

/** How the attempt ended whose task this is; undefined while somebody has to do it. */
export function outcomeOf(task: Task): Outcome | undefined {
  const execution_id = task.id;
  switch (task.status) {
    case 'completed':
      return { execution_id, status: 'succeeded', result: task.values ?? {}, error: null, duration_ms: null };
    case 'cancelled':
      return {
        execution_id,
        status: 'failed',
        result: null,
        error: {
          code: 'task_cancelled',
          message: `The task was cancelled: ${task.status_reason ?? 'no reason was given'}`,
        },
        duration_ms: null,
      };
    default:
      return undefined;
  }
}

/** A refusal that will not change; anything else (nobody there, no rights, too many requests) may pass. */
function refusalOf(error: unknown): Outcome['error'] | undefined {
  if (!isProblem(error) || ![400, 409, 413, 422].includes(error.status)) return undefined;
  return { code: error.code, message: error.message };
}

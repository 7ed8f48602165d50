import { hubReachErrors, TaskOutcome } from '@labwright/contract-hub/tasks';
import { defineTask, type Handler, handle } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import type { CoreDeps } from '../deps.ts';
import { findOpenTry } from '../feed/ask-outcome.ts';
import type { Handling } from '../feed/handle-event.ts';
import { untilTakenIn } from '../feed/until-taken-in.ts';
import { type Outcome, recordOutcomeIn } from '../steps/record-outcome.ts';
import { lockWorkflow } from '../workflow-row.ts';
import { outcomeOf } from './ask-people.ts';

/** A task that a step waits for has ended. */
export const taskEndedTask = defineTask({
  name: 'workflows.task_ended',
  args: TaskOutcome,
  queue: 'workflows.events',
  maxAttempts: 10,
  retryDelayMs: 200,
});

export const taskEndedHandler = (deps: CoreDeps): Handler =>
  handle(taskEndedTask, (ended, context) =>
    untilTakenIn(deps, context, isOutage, {
      ask: () => askOutcome(deps, ended.task_id),
      handle: (tx, outcome, patient) => take(deps, tx, ended.workflow_id, outcome, patient),
    }),
  );

/** Undefined where no step waits for it (any more). */
async function askOutcome(deps: CoreDeps, taskId: string): Promise<Outcome | undefined> {
  if (!deps.tasks || !(await deps.db.first(findOpenTry, [taskId]))) return undefined;
  return outcomeOf(await deps.tasks.get(taskId));
}

async function take(
  deps: CoreDeps,
  tx: Queryable,
  workflowId: string,
  outcome: Outcome | undefined,
  patient: boolean,
): Promise<Handling> {
  if (!outcome) return { kind: 'done' };
  const workflow = await lockWorkflow(tx, workflowId);
  // A cancellation that is under way decides first what becomes of the step.
  if (workflow && workflow.action !== null && workflow.action !== 'undo' && patient) return { kind: 'wait' };
  return { kind: 'done', after: await recordOutcomeIn(tx, deps, outcome) };
}

const isOutage = (error: unknown) =>
  isProblem(error, 'database_unavailable', 'overloaded', ...Object.keys(hubReachErrors.entries));

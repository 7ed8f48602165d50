import { OperatorTask } from '@labwright/contract-hub/tasks';
import { type Step, type StepWait, type WorkflowStatus, workflowErrors } from '@labwright/contract-workflows';
import type { Problem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

type StoredStep = Omit<Step, 'waiting_reasons'> & { task_seen_at: string | null };

/** A step with why it waits: a device says so by its execution, a person by a task. */
export function withReasons<T extends StoredStep>({
  task_seen_at,
  ...step
}: T): Omit<T, 'task_seen_at'> & Pick<Step, 'waiting_reasons'> {
  return { ...step, waiting_reasons: reasonsOf(step, task_seen_at) };
}

function reasonsOf(
  { status, operator_task, execution_id }: Omit<StoredStep, 'task_seen_at'>,
  seenAt: string | null,
): StepWait[] {
  if (status !== 'running' || operator_task === null || execution_id === null) return [];
  if (seenAt === null)
    return [
      {
        code: 'operator_task_unconfirmed',
        message: `hub-service has not confirmed yet that it has the task "${operator_task.title}". It is asked until it does.`,
        task_id: execution_id,
      },
    ];
  return [
    {
      code: 'operator_task',
      message: `Waits for ${nameOf(operator_task)} to do "${operator_task.title}". The device stays booked meanwhile.`,
      task_id: execution_id,
    },
  ];
}

function nameOf({ assignee }: OperatorTask): string {
  if (!assignee) return 'somebody';
  return 'role' in assignee ? `somebody with the role ${assignee.role}` : `the person ${assignee.person}`;
}

const Waiting = Type.Object({
  position: Type.Integer(),
  execution_id: Type.String(),
  operator_task: OperatorTask,
});

// Index workflow_steps_one_running.
export const findWaitingTask = rows(
  'workflows.tasks.find_waiting',
  Waiting,
  `SELECT position, execution_id, operator_task FROM workflow_steps
   WHERE workflow_id = $1 AND status = 'running' AND operator_task IS NOT NULL`,
);

/** `step_in_progress`, where it is a person who carries the step out. */
export function taskInProgress(
  workflow: { id: string; status: WorkflowStatus },
  { position, execution_id, operator_task }: Static<typeof Waiting>,
): Problem {
  return workflowErrors.problem(
    'step_in_progress',
    `Step ${position} of workflow ${workflow.id} waits for a person to do "${operator_task.title}". It goes on when task ${execution_id} of hub-service is completed; where that cannot be, cancel the task, and the step has failed, or cancel the workflow.`,
    { extra: { workflow_status: workflow.status, position, task_id: execution_id }, retryAfter: 5 },
  );
}

import type { StepTask, Task, TaskOutcomePage } from './schemas.ts';

/**
 * What the steps of workflows ask of people. Kept by the object in the same process and by the HTTP client, and one
 * conformance suite runs on both.
 *
 * Every call may be repeated safely, and rejects with a `Problem`: one of `taskErrors`, `commonErrors`, or
 * - `hub_service_unreachable`: the request certainly had no effect (the connection was refused);
 * - `hub_service_no_answer`: nobody knows whether it had.
 */
export interface TasksApi {
  /**
   * Makes the task, or answers how it stands where it was made before: it may have ended by then, or been
   * withdrawn before it came. Throws `invalid_task`, `task_id_reused`.
   */
  ensure(task: StepTask): Promise<Task>;
  /**
   * Nobody waits for the task any more: cancels it where it has not ended. One that never came is noted as cancelled, so that
   * a request to make it that arrives late makes nothing. Answers how it stands then.
   */
  withdraw(task: StepTask, reason: string): Promise<Task>;
  /** Throws `task_not_found`. */
  get(id: string): Promise<Task>;
  /**
   * The tasks of steps that ended after the cursor, oldest first, at most 200; waits up to `wait_seconds` for one.
   * Without a cursor: from the oldest that is kept. Throws `invalid_cursor`.
   */
  outcomes(request: {
    cursor?: string;
    wait_seconds: number;
    signal?: AbortSignal;
  }): Promise<TaskOutcomePage>;
}

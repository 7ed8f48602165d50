import { hubReachErrors, StepTaskBody, type TasksApi } from '@labwright/contract-hub/tasks';
import { assertBody } from '@labwright/kernel/http/assert-body';
import { toProblem } from '@labwright/kernel/http/problems';
import { currentPrincipal } from '@labwright/kernel/identity';
import type { TasksDeps } from './deps.ts';
import { ensureStepTask, withdrawStepTask } from './step-task.ts';
import { asTask, findTask } from './task-row.ts';

/**
 * Answers exactly as the HTTP routes do: the same checks of the input, and every error a `Problem`. After the end of the hub it cannot be
 * reached, as over HTTP: who shares the process with it may stop later.
 */
export function createTasksApi(deps: TasksDeps, stopped: () => boolean): TasksApi {
  const asProblem = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (stopped())
      throw hubReachErrors.problem(
        'hub_service_unreachable',
        'hub-service has stopped; nothing was changed.',
        {
          retryAfter: 2,
        },
      );
    try {
      return await answer();
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'internal_error') deps.log.error({ err: error }, problem.message);
      throw problem;
    }
  };
  return {
    ensure: async (task) => {
      const { id: _id, ...body } = task;
      assertBody(StepTaskBody, body);
      return asProblem(() => ensureStepTask(deps, task, currentPrincipal()));
    },
    withdraw: async (task, reason) => {
      const { id: _id, ...body } = task;
      assertBody(StepTaskBody, body);
      return asProblem(() => withdrawStepTask(deps, task, reason, currentPrincipal()));
    },
    get: (id) => asProblem(async () => asTask(await findTask(deps.db, id))),
    outcomes: async (request) => {
      request.signal?.throwIfAborted();
      const page = await asProblem(() => deps.feed.read(request));
      request.signal?.throwIfAborted();
      return page;
    },
  };
}

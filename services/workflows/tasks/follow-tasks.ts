import type { TasksApi } from '@labwright/contract-hub/tasks';
import { enqueueMany } from '@labwright/jobs';
import type { CoreDeps } from '../deps.ts';
import { storePageOf } from '../feed/store-page.ts';
import { taskEndedTask } from './task-ended.ts';

/** As `storePage`, of the ends of tasks at hub-service. */
export async function storeTaskPage(
  deps: CoreDeps,
  tasks: TasksApi,
  waitSeconds: number,
  signal?: AbortSignal,
): Promise<number> {
  const { events, turned } = await storePageOf(
    deps,
    {
      feed: 'hub',
      read: (request) => tasks.outcomes(request),
      store: async (tx, page) => {
        // The key of device-service's events: what happens to a workflow is taken in one after the other.
        const jobs = page.map((event) => ({ args: event, key: `workflow ${event.workflow_id}` }));
        if (jobs.length > 0) await enqueueMany(tx, taskEndedTask, jobs);
      },
    },
    waitSeconds,
    signal,
  );
  return turned ? events.length : 0;
}

import { type TasksApi, taskErrors } from '@labwright/contract-hub/tasks';
import { createFeed, feedMigrations } from '@labwright/feed';
import type { Handler } from '@labwright/jobs';
import { loop } from '@labwright/kernel/lifecycle';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { createTasksApi } from './api.ts';
import type { TasksDeps, TasksOptions } from './deps.ts';
import { taskOutcomes } from './outcomes.ts';
import { overdueHandler, overdueTask } from './overdue.ts';
import { actionRoutes } from './routes/action-routes.ts';
import { stepRoutes } from './routes/step-routes.ts';
import { taskRoutes } from './routes/task-routes.ts';

export type { TasksOptions } from './deps.ts';

export const tasksMigrations: readonly MigrationSet[] = [
  feedMigrations,
  { name: 'tasks', folder: new URL('./migrations', import.meta.url).pathname },
];

/** Milliseconds between two looks at what is to be forgotten. */
const trimMs = 600_000;

export interface TasksModule extends Module {
  readonly jobs: { readonly queues: readonly string[]; readonly handlers: readonly Handler[] };
  /** For services in the same process; answers as the routes do. */
  readonly api: TasksApi;
}

/** Operator tasks: work for a human hand, which a step of a workflow can wait for. */
export function createTasks(given: ServiceDeps, options: TasksOptions = {}): TasksModule {
  const { announcer, people, live, feedPollMs = 500 } = options;
  const feed = createFeed(taskOutcomes, given.db, given.clock, feedPollMs);
  const deps: TasksDeps = { ...given, announcer, people, live, feed };
  let stopped = false;
  const api = createTasksApi(deps, () => stopped);
  const sweep = loop({
    name: 'sweep of task outcomes',
    idleMs: trimMs,
    log: given.log,
    work: async (signal) => void (await taskOutcomes.trim(given.db, signal)),
  });
  return {
    name: 'tasks',
    errors: [taskErrors],
    api,
    jobs: { queues: [overdueTask.settings.queue], handlers: [overdueHandler(deps)] },
    routes: (app) => {
      taskRoutes(deps)(app);
      actionRoutes(deps)(app);
      stepRoutes(api, feed)(app);
    },
    start: async () => {
      await taskOutcomes.adoptRestored(given.db);
      await sweep.start();
    },
    stop: async () => {
      stopped = true;
      feed.stop();
      await sweep.stop();
    },
  };
}

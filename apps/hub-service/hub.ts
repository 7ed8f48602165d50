import type { Accounts } from '@labwright/accounts';
import type { TasksApi } from '@labwright/contract-hub/tasks';
import { createWorker, type Handler, jobMetrics, type Transport, type Worker } from '@labwright/jobs';
import type { Db } from '@labwright/kernel/db';
import type { App } from '@labwright/kernel/http';
import type { Identity } from '@labwright/kernel/identity';
import { group, type Part } from '@labwright/kernel/lifecycle';
import type { Module, Service, ServiceDeps } from '@labwright/kernel/service';

/** A domain of the hub; what it has to do later, or again until it is done, are jobs. */
export interface HubModule extends Module {
  readonly jobs?: HubJobs | readonly HubJobs[];
}

interface HubJobs {
  readonly queues: readonly string[];
  readonly handlers: readonly Handler[];
  /** They wait for others, who may be slow: so many run at once in a worker of their own, and keep no other jobs waiting. */
  readonly apart?: number;
}

/** What the other services of the process take from the hub. */
export interface HubService extends Service {
  /** Who somebody is, for services in the same process. */
  readonly accounts: Pick<Accounts, 'identity' | 'setupAt'>;
  /** Who asks; undefined where this machine is trusted. */
  readonly identity: Identity | undefined;
  /** What the steps of workflows ask of people; answers as the routes do. */
  readonly tasks: TasksApi;
}

/** Jobs of the hub that run at once in one process. */
const jobsAtOnce = 50;

/** They know nothing of each other: where the database is silent, they wait for it at the same time. */
const together = (workers: readonly Worker[]): Part => ({
  name: 'workers',
  start: async () => {
    for (const worker of workers) await worker.start();
  },
  stop: async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  },
});

/** The people's side: every domain on one server and one database, with one worker for the jobs of all that want none of their own. */
export function createHub(
  deps: ServiceDeps,
  options: { modules: readonly HubModule[]; transport: (db: Db) => Transport },
): Service {
  const { modules } = options;
  const busy = modules.flatMap(({ jobs = [] }) => jobs);
  const shared = busy.filter(({ apart }) => apart === undefined);
  const crews = [
    ...(shared.length > 0 ? [{ jobs: shared, atOnce: jobsAtOnce }] : []),
    ...busy.flatMap((jobs) => (jobs.apart === undefined ? [] : [{ jobs: [jobs], atOnce: jobs.apart }])),
  ];
  const observer =
    crews.length === 0
      ? undefined
      : jobMetrics(
          deps.metrics,
          deps.db,
          busy.flatMap(({ queues }) => queues),
          {
            running: () => workers.reduce((sum, { running }) => sum + running, 0),
            concurrency: crews.reduce((sum, { atOnce }) => sum + atOnce, 0),
          },
        );
  const workers: Worker[] = crews.map(({ jobs, atOnce }) =>
    createWorker({
      db: deps.db,
      log: deps.log,
      queues: jobs.flatMap(({ queues }) => queues),
      handlers: jobs.flatMap(({ handlers }) => handlers),
      transport: options.transport(deps.db),
      concurrency: atOnce,
      drainMs: 2_000,
      ...(observer ? { observer } : {}),
    }),
  );
  const parts = group('hub', [...modules, together(workers)], deps.log);
  return {
    name: 'hub-service',
    version: '0.1.0',
    description:
      'The people: who they are and what they may do, tasks for human hands, notifications, chat, files and links.',
    home: '/ui/',
    errors: modules.flatMap(({ errors }) => errors),
    readiness: Object.assign({}, ...modules.map(({ readiness }) => readiness ?? {})),
    routes: async (app) => {
      for (const { name, routes } of modules)
        await app.register(async (scope) => {
          scope.addHook('onRoute', (route) => {
            route.config = { domain: name, ...route.config };
          });
          await routes(scope as unknown as App);
        });
    },
    start: () => parts.start(),
    stop: () => parts.stop(),
  };
}

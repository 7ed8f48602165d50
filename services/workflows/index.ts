import { type AuditRules, auditErrors, auditMigrations, createAudit, usualRules } from '@labwright/audit';
import { type DevicesApi, deviceErrors, reachErrors } from '@labwright/contract-devices';
import type { TasksApi } from '@labwright/contract-hub/tasks';
import { type WorkflowsApi, workflowErrors } from '@labwright/contract-workflows';
import { createFeed, feedMigrations } from '@labwright/feed';
import { createJobs, engineMigrations, jobErrors } from '@labwright/jobs/http';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Service, ServiceDeps } from '@labwright/kernel/service';
import { type CoreDeps, defaultSettings, type WorkflowsDeps, type WorkflowsSettings } from './deps.ts';
import { createFigures } from './figures.ts';
import { createLoops, type Loops } from './loops.ts';
import { actionRoutes } from './routes/action-routes.ts';
import { stepRoutes } from './routes/step-routes.ts';
import { workflowRoutes } from './routes/workflow-routes.ts';
import { sampleRoutes } from './samples/index.ts';
import { createWorkflowsApi } from './tidings/api.ts';
import { workflowEvents } from './tidings/events.ts';
import { tidingsRoutes } from './tidings/routes.ts';

export type { WorkflowsDeps, WorkflowsSettings } from './deps.ts';

/** The tables of this service and of the engine that it needs. */
export const workflowsMigrations: readonly MigrationSet[] = [
  auditMigrations,
  ...engineMigrations,
  feedMigrations,
  { name: 'workflows', folder: new URL('./migrations', import.meta.url).pathname },
];

export interface WorkflowsOptions extends Pick<WorkflowsDeps, 'transport'> {
  /** The instruments: the object in the same process, or the HTTP client. */
  devices: DevicesApi;
  /** The people: likewise. Without them a workflow with an `operator_task` is refused. */
  tasks?: TasksApi | undefined;
  settings?: Partial<WorkflowsSettings>;
  /** Who gives reasons and signs. Default: reasons of those who have an account. */
  audit?: AuditRules;
}

export interface WorkflowsService extends Service {
  /** For a worker in a process of its own; `start` and `stop` of the service go around that of the worker. */
  readonly jobs: Loops['jobs'];
  /** For services in the same process; answers as the routes do. */
  readonly api: WorkflowsApi;
}

/**
 * The experiments: workflows, their steps and samples. Serves before `start`; that begins what goes on by itself. It is
 * ready without device-service: workflows and samples can be read, and what needs the instruments says that they
 * cannot be reached.
 */
export function createWorkflowsService(given: ServiceDeps, options: WorkflowsOptions): WorkflowsService {
  const wanted = { ...defaultSettings, ...options.settings };
  // A short lease is only worth something where somebody looks as often.
  const settings = { ...wanted, repairMs: Math.min(wanted.repairMs, wanted.actionLeaseMs / 4) };
  const deps: CoreDeps = {
    ...given,
    devices: options.devices,
    tasks: options.tasks,
    transport: options.transport,
    audit: options.audit ?? usualRules,
    settings,
    figures: createFigures(given.metrics, given.clock),
    wake: {
      repair: () => loops.wakeRepair(),
      conductor: () => loops.wakeConductor(),
      tasks: () => loops.wakeTasks(),
    },
  };
  const loops = createLoops(deps);
  const audit = createAudit(deps);
  const jobs = createJobs(deps, { audit: deps.audit });
  const feed = createFeed(workflowEvents, given.db, given.clock, settings.feedPollMs);

  return {
    name: 'workflow-service',
    domain: 'workflows',
    version: '0.1.0',
    description:
      'The experiments: what is to be done to which samples, on which instrument, and how far it is. It reaches the instruments through device-service, whose errors it passes on.',
    errors: [workflowErrors, reachErrors, deviceErrors, auditErrors, jobErrors],
    routes: (app) => {
      workflowRoutes(deps)(app);
      actionRoutes(deps)(app);
      stepRoutes(deps)(app);
      sampleRoutes(deps)(app);
      audit.routes(app);
      jobs.routes(app);
      tidingsRoutes(feed)(app);
    },
    jobs: loops.jobs,
    api: createWorkflowsApi(deps, feed),
    start: async () => {
      await workflowEvents.adoptRestored(given.db);
      await audit.start();
      await loops.part.start();
    },
    stop: async () => {
      feed.stop();
      await loops.part.stop();
      // Last: it seals what was done until now.
      await audit.stop();
    },
  };
}

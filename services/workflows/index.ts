import { type DevicesApi, deviceErrors, reachErrors } from '@labwright/contract-devices';
import { workflowErrors } from '@labwright/contract-workflows';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Service, ServiceDeps } from '@labwright/kernel/service';
import { type CoreDeps, defaultSettings, type WorkflowsSettings } from './deps.ts';
import { createFigures } from './figures.ts';
import { createLoops } from './loops.ts';
import { actionRoutes } from './routes/action-routes.ts';
import { stepRoutes } from './routes/step-routes.ts';
import { workflowRoutes } from './routes/workflow-routes.ts';
import { sampleRoutes } from './samples/index.ts';

export type { WorkflowsDeps, WorkflowsSettings } from './deps.ts';

export const workflowsMigrations: MigrationSet = {
  name: 'workflows',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface WorkflowsOptions {
  /** The instruments: the object in the same process, or the HTTP client. */
  devices: DevicesApi;
  settings?: Partial<WorkflowsSettings>;
}

export type WorkflowsService = Service;

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
    settings,
    figures: createFigures(given.metrics, given.clock),
    wake: { repair: () => loops.wakeRepair(), conductor: () => loops.wakeConductor() },
  };
  const loops = createLoops(deps);

  return {
    name: 'workflow-service',
    version: '0.1.0',
    description:
      'The experiments: what is to be done to which samples, on which instrument, and how far it is. It reaches the instruments through device-service, whose errors it passes on.',
    errors: [workflowErrors, reachErrors, deviceErrors],
    routes: (app) => {
      workflowRoutes(deps)(app);
      actionRoutes(deps)(app);
      stepRoutes(deps)(app);
      sampleRoutes(deps)(app);
    },
    start: () => loops.part.start(),
    stop: () => loops.part.stop(),
  };
}

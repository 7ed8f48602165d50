import type { MigrationSet } from '@labwright/kernel/migrate';

export { type CeleryBridge, type CeleryBridgeOptions, celeryBridge } from './bridge.ts';
export { type CeleryHandlerOptions, type CeleryLink, CeleryTimeout, celeryHandler } from './handler.ts';
export {
  type CeleryIngressOptions,
  type CeleryTask,
  type CeleryTaskOptions,
  celeryIngress,
  celeryTask,
} from './ingress.ts';
export { PythonError } from './result.ts';

/** The tables of what goes to and comes from Celery; applied after those of the jobs, where Celery is used. */
export const celeryMigrations: MigrationSet = {
  name: 'jobs_celery',
  folder: new URL('./migrations', import.meta.url).pathname,
};

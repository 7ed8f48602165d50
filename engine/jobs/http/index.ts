import { type AuditRules, auditErrors, usualRules } from '@labwright/audit';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { locksMigrations } from '@labwright/locks/postgres';
import { jobsMigrations } from '../index.ts';
import { jobErrors } from './errors.ts';
import { readingRoutes } from './reading-routes.ts';
import { steeringRoutes } from './steering-routes.ts';

export { jobErrors } from './errors.ts';

/** The tables of the jobs and of the locks. */
export const engineMigrations: readonly MigrationSet[] = [jobsMigrations, locksMigrations];

/** The jobs and the locks of one service, for people to see and to steer: `GET /jobs…`, `GET /locks`. The audit trail has its own module. */
export function createJobs({ db }: Pick<ServiceDeps, 'db'>, options: { audit?: AuditRules } = {}): Module {
  const rules = options.audit ?? usualRules;
  return {
    name: 'jobs',
    errors: [jobErrors, auditErrors],
    routes: (app) => {
      readingRoutes(db)(app);
      steeringRoutes(db, rules)(app);
    },
    start: async () => {},
    stop: async () => {},
  };
}

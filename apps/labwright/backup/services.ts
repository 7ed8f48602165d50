import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationSet } from '@labwright/kernel/migrate';

export const serviceNames = ['device-service', 'workflow-service', 'hub-service'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The migrations of a package, found without loading it: a restore needs the SQL of all services, and nothing else of them. */
const set = (name: string, entry: string): MigrationSet => ({
  name,
  folder: join(dirname(fileURLToPath(import.meta.resolve(entry))), 'migrations'),
});

/** Every set that a database of the laboratory may carry, each behind those that it needs. */
export const migrationSets: readonly MigrationSet[] = [
  set('kernel', '@labwright/kernel/service'),
  set('audit', '@labwright/audit'),
  set('jobs', '@labwright/jobs'),
  set('locks', '@labwright/locks/postgres'),
  set('feed', '@labwright/feed'),
  set('limits', '@labwright/limits/postgres'),
  set('accounts', '@labwright/accounts'),
  set('chat', '@labwright/chat'),
  set('files', '@labwright/files'),
  set('links', '@labwright/links'),
  set('notifications', '@labwright/notifications'),
  set('tasks', '@labwright/tasks'),
  set('devices', '@labwright/devices'),
  set('workflows', '@labwright/workflows'),
  set('jobs_celery', '@labwright/jobs/transports/celery'),
];

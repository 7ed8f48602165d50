import type { paths } from '@labwright/client/openapi/device-service';

type Answer<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: { 200: { content: { 'application/json': infer B } } };
}
  ? B
  : never;

/** What each service tells of its jobs: the same routes in all three. */
export type QueueList = Answer<'/jobs/queues', 'get'>;
export type Queue = QueueList['queues'][number];
export type Job = Answer<'/jobs', 'get'>['jobs'][number];
export type JobDetails = Answer<'/jobs/{id}', 'get'>;
export type Worker = Answer<'/jobs/workers', 'get'>['workers'][number];
export type Schedule = Answer<'/jobs/schedules', 'get'>['schedules'][number];
export type Lock = Answer<'/locks', 'get'>['locks'][number];
export type Many = Answer<'/jobs/dead/requeue', 'post'>;

/** With the service that has it: ids and names are its own. */
export type Of<T> = T & { service: ServiceName };
export type ServiceName = 'device' | 'workflow' | 'hub';
export const serviceNames = ['device', 'workflow', 'hub'] as const;

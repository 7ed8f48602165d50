import type { paths } from '@labwright/client/openapi/device-service';

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } };
}
  ? Body
  : never;

/** A job as lists have it, and all that is known of one; the same in all services. */
export type JobRow = Answer<'/jobs'>['jobs'][number];
export type JobDetails = Answer<'/jobs/{id}'>;
export type WorkerRow = Answer<'/jobs/workers'>['workers'][number];
export type ScheduleRow = Answer<'/jobs/schedules'>['schedules'][number];

export const jobStates = [
  'scheduled',
  'waiting',
  'ready',
  'sent',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'dead',
  'cancelled',
] as const satisfies readonly JobRow['state'][];

export const isJobState = (text: string | undefined): text is JobRow['state'] =>
  jobStates.some((state) => state === text);

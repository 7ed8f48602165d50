import type { MigrationSet } from '@labwright/kernel/migrate';

export { type Enqueued, type EnqueueOptions, enqueue, enqueueMany, InvalidArgs } from './enqueue.ts';
export type { ClaimedJob, Job, JobError, JobState } from './job.ts';
export {
  type Attempt,
  attemptsOfJob,
  cancelJob,
  dropJob,
  findJob,
  listDeadJobs,
  pauseQueue,
  queueDepth,
  requeueJob,
  resumeQueue,
} from './manage.ts';
export { defineTask, NoRetry, RetryAt, retryDelay, type Task, type TaskSettings } from './task.ts';
export type { Transport } from './transport.ts';
export { type Handler, handle, type JobContext } from './worker/handler.ts';
export { createWorker, type Worker, type WorkerOptions } from './worker/worker.ts';

/** The tables of the jobs. */
export const jobsMigrations: MigrationSet = {
  name: 'jobs',
  folder: new URL('./migrations', import.meta.url).pathname,
};

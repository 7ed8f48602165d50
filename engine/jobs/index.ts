import type { MigrationSet } from '@labwright/kernel/migrate';

export { type Enqueued, type EnqueueOptions, enqueue, enqueueMany, InvalidArgs } from './enqueue.ts';
export {
  chain,
  chord,
  type Flow,
  type GroupOptions,
  group,
  type Step,
  type StepOptions,
  step,
} from './flows/flow.ts';
export {
  cancelFlow,
  dropFlow,
  type FlowCause,
  type FlowRecord,
  type FlowState,
  type FlowStep,
  findFlow,
  flowSteps,
  NoFlowResult,
  resultOfFlow,
} from './flows/manage.ts';
export { type Outcome, resultsBefore } from './flows/results.ts';
export { startFlow } from './flows/start.ts';
export type { ClaimedJob, Job, JobError, JobState } from './job.ts';
export {
  InvalidRate,
  type Limit,
  limitQueue,
  limitTask,
  listLimits,
  type Rate,
  unlimitQueue,
  unlimitTask,
} from './limits/limits.ts';
export { type KnownLimits, knowLimits } from './limits/transport.ts';
export {
  type Attempt,
  attemptsOfJob,
  cancelJob,
  dropJob,
  findJob,
  keysWithJobs,
  listDeadJobs,
  pauseQueue,
  queueDepth,
  requeueJob,
  resumeQueue,
} from './manage.ts';
export { jobMetrics, mostCounted } from './metrics.ts';
export { graceMs, type MissedPolicy, mostMissed } from './schedules/missed.ts';
export { InvalidSchedule } from './schedules/rule.ts';
export {
  defineSchedule,
  type Overlap,
  type Schedule,
  type ScheduleDefinition,
  type ScheduleRow,
  Tick,
} from './schedules/schedule.ts';
export { createScheduler } from './schedules/scheduler.ts';
export {
  listSchedules,
  pauseSchedule,
  putSchedule,
  putSchedules,
  resumeSchedule,
  ScheduleTaken,
} from './schedules/store.ts';
export { runDueSchedules, runNow, type Ticked } from './schedules/tick.ts';
export { type Retention, sweepJobs } from './store/retention.ts';
export { declareWorkerDead } from './store/workers.ts';
export { defineTask, NoRetry, RetryAt, retryDelay, type Task, type TaskSettings } from './task.ts';
export type { Transport } from './transport.ts';
export { type Waited, type WaitOptions, waitForJobs } from './wait.ts';
export { type WaitingReason, waitingReasons } from './waiting.ts';
export { JobCancelled } from './worker/attempt.ts';
export { type Handler, handle, type JobContext } from './worker/handler.ts';
export type { Attempted, Observer, Outcome as AttemptOutcome } from './worker/observer.ts';
export { createWorker, type Worker, type WorkerOptions } from './worker/worker.ts';

/** The tables of the jobs. */
export const jobsMigrations: MigrationSet = {
  name: 'jobs',
  folder: new URL('./migrations', import.meta.url).pathname,
};

import { nullable } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';

const jobStates = [
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
] as const;
export const JobState = Type.Enum(jobStates);
export type JobState = Static<typeof JobState>;

export const JobError = Type.Object({
  name: Type.String(),
  message: Type.String(),
  stack: Type.Optional(Type.String()),
});
export type JobError = Static<typeof JobError>;

const Time = nullable(Type.String());

/** A row of `jobs`, as people look at it. */
export const Job = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  task: Type.String(),
  args: Type.Unknown(),
  state: JobState,
  priority: Type.Integer(),
  attempts: Type.Integer(),
  max_attempts: Type.Integer(),
  timeout_ms: nullable(Type.Integer()),
  key: nullable(Type.String()),
  unique_key: nullable(Type.String()),
  cancel_asked: Type.Boolean(),
  created_at: Type.String(),
  run_at: Time,
  expires_at: Time,
  started_at: Time,
  finished_at: Time,
  progress: nullable(Type.Number()),
  progress_text: nullable(Type.String()),
  result: Type.Unknown(),
  error: nullable(JobError),
  /** The flow that it is a step of. */
  flow: nullable(Type.String()),
});
export type Job = Static<typeof Job>;
export const jobColumns = Object.keys(Job.properties).join(', ');

/** What a worker needs of a job that it has claimed. */
export const ClaimedJob = Type.Object({
  id: Type.String(),
  task: Type.String(),
  args: Type.Unknown(),
  key: nullable(Type.String()),
  priority: Type.Integer(),
  attempts: Type.Integer(),
  max_attempts: Type.Integer(),
  timeout_ms: nullable(Type.Integer()),
  trace: nullable(Type.String()),
  /** The flow that it is a step of: its arguments were put together there. */
  flow: nullable(Type.String()),
  /** Its `expires_at` had come when it was claimed. */
  expired: Type.Boolean(),
});
export type ClaimedJob = Static<typeof ClaimedJob>;
const { expired: _expired, ...ownColumns } = ClaimedJob.properties;
export const claimedColumns = `${Object.keys(ownColumns)
  .map((name) => `jobs.${name}`)
  .join(', ')}, coalesce(jobs.expires_at <= clock_timestamp(), false) AS expired`;

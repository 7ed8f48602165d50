import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';
import { JobState } from '../job.ts';

const Time = nullable(Timestamp);
const Seconds = nullable(Type.Number({ description: 'Seconds; null where nothing was seen.' }));

/** Ids are numbers as text, 18 digits at most: larger ones do not come before the sun is cold. */
export const JobId = Type.String({
  pattern: '^[1-9][0-9]{0,17}$',
  description: 'The id of a job of this service.',
});
export const QueueName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^#\\u0000]+$',
  description: 'The name of a queue.',
});

export const JobSummary = Type.Object({
  id: JobId,
  queue: Type.String(),
  task: Type.String(),
  state: JobState,
  priority: Type.Integer({ description: 'Lower goes first.' }),
  attempts: Type.Integer(),
  max_attempts: Type.Integer(),
  key: nullable(Type.String({ description: 'Of all jobs with this key one runs at a time.' })),
  cancel_asked: Type.Boolean(),
  created_at: Timestamp,
  run_at: { ...Time, description: 'Not before; of a job that is tried again: when.' },
  started_at: Time,
  finished_at: Time,
  progress: nullable(Type.Number({ description: '0 to 1.' })),
  progress_text: nullable(Type.String()),
  error_name: nullable(Type.String()),
  error_message: nullable(Type.String({ description: 'Its first 500 characters.' })),
  flow: nullable(Type.String({ description: 'The flow that it is a step of.' })),
  worker: nullable(Type.String({ description: 'Who has it; null where it does not run.' })),
});
export type JobSummary = Static<typeof JobSummary>;

export const JobPage = Type.Object({
  jobs: Type.Array(JobSummary),
  next_cursor: NextCursor,
  looked_back_to: {
    ...Time,
    description:
      'How far this page has looked: where filters leave few, a page may be short, or empty, before the end.',
  },
});

const Shown = Type.Object(
  {
    value: Type.Unknown(),
    bytes: Type.Integer({ description: 'Of its JSON.' }),
    too_large: Type.Boolean({ description: 'Above 64 KiB only its size is told.' }),
  },
  { description: 'Without what is a secret by its name or its form.' },
);

const Trouble = Type.Object({
  name: Type.String(),
  message: Type.String(),
  stack: nullable(Type.String()),
});

const RelatedStep = Type.Object({
  node: Type.Integer({ description: 'Its place in the flow.' }),
  task: Type.String(),
  job: nullable(Type.String({ description: 'Null while its turn has not come.' })),
  state: Type.Enum(['blocked', 'open', 'succeeded', 'failed', 'cancelled']),
});

export const JobDetails = Type.Object({
  ...JobSummary.properties,
  unique_key: nullable(Type.String()),
  timeout_ms: nullable(Type.Integer()),
  expires_at: Time,
  args: Shown,
  result: Shown,
  error: nullable(Trouble),
  failures: Type.Array(
    Type.Object({
      attempt: Type.Integer(),
      worker: nullable(Type.String()),
      error: Trouble,
      ended_at: Timestamp,
    }),
    { description: 'What became of the attempts that did not succeed, the last hundred.' },
  ),
  waiting: Type.Array(
    Type.Object({ kind: Type.String(), until: Time, job: nullable(Type.String()), text: Type.String() }),
    { description: 'Why it does not run yet.' },
  ),
  caused_by: Type.Object({
    id: nullable(Type.String()),
    name: nullable(Type.String()),
    request_id: nullable(Type.String()),
    trace_id: nullable(Type.String()),
  }),
  before: Type.Array(RelatedStep, {
    description: 'The steps of its flow that it waited for; a hundred at most.',
  }),
  after: Type.Array(RelatedStep, { description: 'The steps that begin when it and its like have ended.' }),
});

export const FlowDetails = Type.Object({
  id: Type.String(),
  name: nullable(Type.String()),
  state: Type.Enum(['running', 'succeeded', 'failed', 'cancelled']),
  error: nullable(Type.Object({ name: Type.String(), message: Type.String() })),
  created_at: Timestamp,
  finished_at: Time,
  steps: Type.Integer(),
  blocked: Type.Integer(),
  open: Type.Integer(),
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  cancelled: Type.Integer(),
  page: Type.Array(RelatedStep),
  next_cursor: NextCursor,
});

const counts = Object.fromEntries(
  ['scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying', 'failed', 'dead'].map((state) => [
    state,
    Type.Integer(),
  ]),
) as Record<CountedState, ReturnType<typeof Type.Integer>>;
type CountedState = 'scheduled' | 'waiting' | 'ready' | 'sent' | 'running' | 'retrying' | 'failed' | 'dead';

export const QueueOverview = Type.Object({
  name: Type.String(),
  paused: Type.Boolean(),
  workers: Type.Integer({ description: 'Workers that serve it, in all processes.' }),
  depth: Type.Object(counts),
  oldest_ready_seconds: nullable(
    Type.Number({ description: 'Since when the oldest job that could run waits.' }),
  ),
  ended_per_second: Type.Number({ description: 'Over the last five minutes, as workers recorded it.' }),
  troubled_per_second: Type.Number({ description: 'Attempts that did not succeed.' }),
  limit: nullable(
    Type.Object(
      { starts: Type.Integer(), per_ms: Type.Integer(), burst: Type.Integer() },
      { description: 'Its rate limit.' },
    ),
  ),
  warnings: Type.Array(
    Type.Object({ code: Type.Enum(['nobody_listens', 'paused', 'dead_letters']), text: Type.String() }),
  ),
});
export type QueueOverview = Static<typeof QueueOverview>;

export const QueueList = Type.Object({
  queues: Type.Array(QueueOverview),
  counted_to: Type.Integer({
    description:
      'As far as is counted: of each queue what is ready, of each other state all queues together. Where a state is in `more`, its numbers are lower bounds.',
  }),
  more: Type.Array(Type.String()),
});

const Quantiles = Type.Object({ p50: Seconds, p95: Seconds, p99: Seconds });
export const Series = Type.Object({
  step_seconds: Type.Integer(),
  points: Type.Array(
    Type.Object({
      at: { ...Timestamp, description: 'When this step began; the last one is not over.' },
      succeeded: Type.Integer(),
      retried: Type.Integer({ description: 'Attempts that failed and are tried again.' }),
      failed: Type.Integer(),
      dead: Type.Integer(),
      cancelled: Type.Integer(),
      run: { ...Quantiles, description: 'Seconds that attempts took.' },
      wait: { ...Quantiles, description: 'Seconds from when jobs could run to their start; of a sample.' },
    }),
  ),
});

export const WorkerPage = Type.Object({
  workers: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String({ description: 'Machine and process.' }),
      queues: Type.Array(Type.String()),
      started_at: Timestamp,
      alive_until: { ...Timestamp, description: 'Where it says no more until then it is taken for dead.' },
      connected: nullable(
        Type.Boolean({ description: 'Its connection is seen; null where it does not show one.' }),
      ),
      running: Type.Integer({ description: 'Jobs in hand; counted to 1,000.' }),
      jobs: Type.Array(
        Type.Object({
          id: JobId,
          queue: Type.String(),
          task: Type.String(),
          key: nullable(Type.String()),
          attempts: Type.Integer(),
          started_at: Time,
          progress: nullable(Type.Number()),
          progress_text: nullable(Type.String()),
          cancel_asked: Type.Boolean(),
        }),
        { description: 'The first twenty of them.' },
      ),
    }),
  ),
  next_cursor: NextCursor,
});

export const SchedulePage = Type.Object({
  schedules: Type.Array(
    Type.Object({
      name: Type.String(),
      owner: Type.String(),
      task: Type.String(),
      queue: Type.String(),
      cron: nullable(Type.String()),
      zone: nullable(Type.String()),
      every_ms: nullable(Type.Integer()),
      missed: Type.Enum(['skip', 'one', 'all']),
      overlap: Type.Enum(['allow', 'skip', 'queue']),
      state: Type.Enum(['ticking', 'paused', 'disabled', 'at_fault']),
      fault: nullable(Type.String({ description: 'Why it ticks no more, where its rule cannot be read.' })),
      next_at: Time,
      overdue: Type.Boolean({
        description: 'Its tick passed more than a minute ago and nobody made its job: no worker looks.',
      }),
      last_at: Time,
      last_job: nullable(Type.String()),
      last_state: nullable(JobState),
      last_finished_at: Time,
      skipped: Type.Integer({ description: 'Ticks without a job because the one before still ran.' }),
    }),
  ),
  next_cursor: NextCursor,
});

export const KeyPage = Type.Object({
  keys: Type.Array(
    Type.Object({
      key: Type.String(),
      holder: Type.Object({
        job: JobId,
        state: JobState,
        queue: Type.String(),
        task: Type.String(),
        worker: nullable(Type.String()),
        started_at: Time,
      }),
      waiting: Type.Integer({ description: 'Jobs in its line; counted to 1,000.' }),
    }),
  ),
  next_cursor: NextCursor,
});

export const LockPage = Type.Object({
  locks: Type.Array(
    Type.Object({
      key: Type.String(),
      holder: Type.String({ description: 'The attempt that holds it.' }),
      token: Type.String({ description: 'Its fencing token.' }),
      expires_at: { ...Timestamp, description: 'Unless it is renewed.' },
      expired: Type.Boolean({ description: 'Its time is over, and nobody has taken the key yet.' }),
      waiting: Type.Integer({ description: 'Those in line who still say so; counted to 1,000.' }),
      waiters: Type.Array(Type.String(), { description: 'The first ten of them, in their order.' }),
    }),
  ),
  next_cursor: NextCursor,
});

const Reason = Type.String({ maxLength: 500, description: 'Why. It is kept in the audit trail.' });

export const Steering = Type.Object(
  {
    reason: Type.Optional(Reason),
    signature: Type.Optional(
      Type.String({ maxLength: 4_096, description: 'A statement of `POST /signatures` of hub-service.' }),
    ),
  },
  { additionalProperties: false },
);
export type Steering = Static<typeof Steering>;

export const StateAnswer = Type.Object({ id: JobId, state: JobState });
export const PausedAnswer = Type.Object({ name: Type.String(), paused: Type.Boolean() });

export const DeadFilter = Type.Object(
  {
    queue: Type.Optional(QueueName),
    task: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    error: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'The name of the error: `TimeoutError`.' }),
    ),
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  },
  { additionalProperties: false },
);

export const ManyRequest = Type.Object(
  {
    ...DeadFilter.properties,
    ...Steering.properties,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Jobs of one call.' }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 300, description: '`next_cursor` of the call before.' }),
    ),
  },
  { additionalProperties: false },
);
export const ManyAnswer = Type.Object({
  done: Type.Integer({ description: 'Jobs of which it was done.' }),
  left: Type.Integer({
    description: 'Jobs that fitted and were left: others were quicker, or a flow that runs still wants them.',
  }),
  next_cursor: NextCursor,
});

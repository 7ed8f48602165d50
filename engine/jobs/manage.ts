import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { Job, JobError, JobState, jobColumns } from './job.ts';

const find = rows('jobs.find', Job, `SELECT ${jobColumns} FROM jobs WHERE id = $1`);

const Attempt = Type.Object({
  attempt: Type.Integer(),
  worker: nullable(Type.String()),
  error: JobError,
  ended_at: Type.String(),
});
export type Attempt = Static<typeof Attempt>;

const attemptsOf = rows(
  'jobs.attempts',
  Attempt,
  'SELECT attempt, worker, error, ended_at FROM job_attempts WHERE job_id = $1 ORDER BY attempt',
);

const State = Type.Object({ id: Type.String(), state: JobState });

// A running job is told by its worker's next beat.
const cancel = rows('jobs.cancel', State, 'SELECT id, state FROM cancel_job($1)');

const requeue = rows('jobs.requeue', State, 'SELECT id, state FROM requeue_job($1)');

const drop = command(
  'jobs.drop',
  `DELETE FROM jobs WHERE id = $1 AND state IN ('failed', 'dead', 'cancelled', 'succeeded')`,
);

// Walks jobs_parked backwards, both states.
const listDead = rows(
  'jobs.list_dead',
  Job,
  `SELECT ${jobColumns} FROM jobs WHERE state IN ('failed', 'dead') AND queue = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);

const pause = command(
  'jobs.pause',
  `INSERT INTO job_queues (name, paused) VALUES ($1, true) ON CONFLICT (name) DO UPDATE SET paused = true`,
);
const resume = command(
  'jobs.resume',
  `WITH resumed AS (UPDATE job_queues SET paused = false WHERE name = $1)
   SELECT pg_notify('labwright_jobs', $1) `,
);

const Depth = Type.Object({ state: JobState, count: Type.Integer(), oldest: nullable(Type.String()) });
const depths = rows(
  'jobs.depths',
  Depth,
  `SELECT state, count(*)::int AS count, min(created_at) AS oldest FROM jobs
   WHERE queue = ANY (ARRAY (SELECT $1 UNION ALL SELECT name FROM job_lanes WHERE queue = $1)) AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying') GROUP BY state`,
);

// Walks jobs_one_a_key, and jobs_waiting twice.
const keysOfJobs = rows(
  'jobs.keys_of_jobs',
  Type.Object({ key: Type.String() }),
  `SELECT keys.key FROM unnest($1::text[]) AS keys (key)
   WHERE EXISTS (SELECT FROM jobs j WHERE j.key = keys.key AND j.state IN ('ready', 'sent', 'running', 'retrying'))
      OR EXISTS (SELECT FROM jobs j WHERE j.seen AND j.key = keys.key AND j.state = 'waiting')
      OR EXISTS (SELECT FROM jobs j WHERE NOT j.seen AND j.key = keys.key AND j.state = 'waiting')`,
);

export const findJob = (db: Queryable, id: string): Promise<Job | undefined> => db.first(find, [id]);

/** What became of the attempts that did not succeed. */
export const attemptsOfJob = (db: Queryable, id: string): Promise<Attempt[]> => db.query(attemptsOf, [id]);

/**
 * Cancels a job: at once where it does not run, else its handler is told (its signal) within a third of the worker's
 * lease. Answers the state it is in then; undefined where there is no such job.
 */
export const cancelJob = async (db: Queryable, id: string): Promise<JobState | undefined> =>
  (await db.first(cancel, [id]))?.state;

/** Brings a job that failed, died or was cancelled back as if it were new. Undefined where it is none of these. */
export const requeueJob = async (db: Queryable, id: string): Promise<JobState | undefined> =>
  (await db.first(requeue, [id]))?.state;

/** Deletes a job that has ended; false where there is none. */
export const dropJob = async (db: Queryable, id: string): Promise<boolean> =>
  (await db.execute(drop, [id])) === 1;

/** Dead letters, newest first: those that failed for good and those whose attempts are used up. */
export const listDeadJobs = (
  db: Queryable,
  queue: string,
  options: { limit: number; before?: string },
): Promise<Job[]> => db.query(listDead, [queue, options.before ?? '9223372036854775807', options.limit]);

/** Nothing more is claimed from the queue; what runs goes on. */
export const pauseQueue = async (db: Queryable, queue: string): Promise<void> => {
  await db.execute(pause, [queue]);
};
export const resumeQueue = async (db: Queryable, queue: string): Promise<void> => {
  await db.execute(resume, [queue]);
};

/** How many jobs of a queue are in each state before the end, and since when the oldest is there. */
export const queueDepth = (db: Queryable, queue: string): Promise<Static<typeof Depth>[]> =>
  db.query(depths, [queue]);

/** Which of these keys have a job that is not over; one whose time has not come (`scheduled`) does not count. */
export const keysWithJobs = async (db: Queryable, keys: readonly string[]): Promise<Set<string>> =>
  new Set((await db.query(keysOfJobs, [keys])).map(({ key }) => key));

import type { Db, Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const join = rows(
  'jobs.workers.join',
  Type.Object({ id: Type.String() }),
  `INSERT INTO job_workers (name, queues, repeatable, presence, alive_until)
   VALUES ($1, $2::text[], $3::text[], $4, clock_timestamp() + make_interval(secs => $5::float8 / 1000)) RETURNING id`,
);

const show = command('jobs.workers.show', 'UPDATE job_workers SET presence = $2 WHERE id = $1');

// One statement for the worker and all its jobs: their lease is its life. Tells which of them are to be stopped, and which it
// has had for longer than a lease: one of which it does not know is lost, for the answer that gave it was.
const Beat = Type.Object({
  id: Type.String(),
  cancelled: Type.Array(Type.String()),
  held: Type.Array(Type.String()),
});
export type Beat = Static<typeof Beat>;
const beat = rows(
  'jobs.workers.beat',
  Beat,
  `WITH alive AS (
     UPDATE job_workers SET alive_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
     WHERE id = $1 RETURNING id
   )
   SELECT id,
     ARRAY (SELECT j.id::text FROM jobs j WHERE j.worker = $1 AND j.state = 'running' AND j.cancel_asked) AS cancelled,
     ARRAY (SELECT j.id::text FROM jobs j WHERE j.worker = $1 AND j.state = 'running'
              AND j.started_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)) AS held
   FROM alive`,
);

const giveBack = rows(
  'jobs.give_back',
  Type.Object({ queue: Type.String() }),
  `UPDATE jobs SET state = 'ready', worker = NULL, attempts = attempts - 1
   WHERE id = ANY ($1::bigint[]) AND state::text = 'running' AND worker + 0 = $2 RETURNING queue`,
);

const leave = rows(
  'jobs.workers.leave',
  Type.Object({ handed: Type.Integer() }),
  `SELECT bury_job_worker($1, 'left') AS handed`,
);

const declareDead = rows(
  'jobs.workers.declare_dead',
  Type.Object({ handed: Type.Integer() }),
  `SELECT bury_job_worker($1, 'seen dead') AS handed`,
);

// Who shows a presence (an advisory lock of its session) and has it no more is gone, or cut off and knows it.
const takeOver = rows(
  'jobs.workers.take_over',
  Type.Object({ handed: Type.Integer() }),
  `SELECT take_over_repeatable_jobs(id) AS handed FROM job_workers
   WHERE presence IS NOT NULL AND repeatable <> '{}' AND NOT is_job_worker_present(presence)`,
);

// Walks job_workers_alive_until.
const buryDead = rows(
  'jobs.workers.bury_dead',
  Type.Object({ handed: Type.Integer() }),
  `SELECT bury_job_worker(id, 'silent') AS handed FROM job_workers WHERE alive_until < clock_timestamp() ORDER BY alive_until LIMIT 20`,
);

/** A new worker: its id is never given again. */
export async function joinWorkers(
  db: Db,
  worker: {
    name: string;
    queues: readonly string[];
    repeatable: readonly string[];
    presence: number | null;
    leaseMs: number;
  },
): Promise<string> {
  const { name, queues, repeatable, presence, leaseMs } = worker;
  const row = await db.first(join, [name, queues, repeatable, presence, leaseMs]);
  if (!row) throw new Error('a worker could not be put on record');
  return row.id;
}

/** Puts on record by what others see that the worker's process lives. */
export async function showWorker(db: Db, worker: string, presence: number): Promise<void> {
  await db.execute(show, [worker, presence]);
}

/** Undefined where the worker was declared dead. */
export function beatWorker(db: Db, worker: string, leaseMs: number): Promise<Beat | undefined> {
  return db.first(beat, [worker, leaseMs]);
}

/** Makes jobs ready again that the worker has and did not begin. */
export async function giveBackJobs(db: Db, worker: string, ids: readonly string[]): Promise<void> {
  await db.query(giveBack, [ids, worker]);
}

/** Ends a worker; the jobs that it still has are ready again, and the attempt does not count. */
export async function leaveWorkers(db: Db, worker: string): Promise<number> {
  return (await db.first(leave, [worker]))?.handed ?? 0;
}

/** Ends the workers that fell silent; their jobs are ready again, or dead. Answers how many jobs. */
export async function buryDeadWorkers(db: Db): Promise<number> {
  return (await db.query(buryDead)).reduce((sum, { handed }) => sum + handed, 0);
}

/**
 * Ends a worker of whose death the caller is certain, for it saw the process end: its jobs are ready again at once, or dead.
 * Answers how many.
 */
export async function declareWorkerDead(db: Queryable, worker: string): Promise<number> {
  return (await db.first(declareDead, [worker]))?.handed ?? 0;
}

/** Makes the repeatable jobs of workers whose connection is gone ready again. Answers how many. */
export async function takeOverRepeatableJobs(db: Db): Promise<number> {
  return (await db.query(takeOver)).reduce((sum, { handed }) => sum + handed, 0);
}

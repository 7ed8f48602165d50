import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { buryDeadWorkers } from './workers.ts';

const settleUnseen = rows(
  'jobs.settle_unseen',
  Type.Object({ found: Type.Integer(), queues: Type.Array(Type.String()) }),
  'SELECT found, queues FROM settle_unseen_jobs(100)',
);

// Walks jobs_parked. A job with a key that was never tried takes its place in the line; one that is tried again has the key.
const makeDue = rows(
  'jobs.make_due',
  Type.Object({ queue: Type.String() }),
  `UPDATE jobs SET
     state = (CASE WHEN expires_at <= now() THEN 'cancelled' WHEN key IS NOT NULL AND state = 'scheduled' THEN 'waiting' ELSE 'ready' END)::job_state,
     finished_at = CASE WHEN expires_at <= now() THEN now() END
   WHERE id = ANY (ARRAY (
     SELECT id FROM jobs WHERE state = 'scheduled' AND run_at <= now() ORDER BY run_at LIMIT 250 FOR UPDATE SKIP LOCKED)
     || ARRAY (SELECT id FROM jobs WHERE state = 'retrying' AND run_at <= now() ORDER BY run_at LIMIT 250 FOR UPDATE SKIP LOCKED))
   RETURNING queue`,
);

const nextDue = rows(
  'jobs.next_due',
  Type.Object({ ms: nullable(Type.Number()) }),
  `SELECT extract(epoch FROM least(
       (SELECT run_at FROM jobs WHERE state = 'scheduled' ORDER BY run_at LIMIT 1),
       (SELECT run_at FROM jobs WHERE state = 'retrying' ORDER BY run_at LIMIT 1)) - clock_timestamp())::float8 * 1000 AS ms`,
);

/** Decides which of the jobs with a key that nobody looked at are ready. Answers the queues that have work by that. */
export async function settleUnseenJobs(db: Db): Promise<Set<string>> {
  const queues = new Set<string>();
  for (;;) {
    const answer = await db.first(settleUnseen);
    for (const queue of answer?.queues ?? []) queues.add(queue);
    if ((answer?.found ?? 0) < 100) return queues;
  }
}

export interface Upkeep {
  /** Where there is work now. */
  queues: Set<string>;
  /** Milliseconds until the next job is due; null where none is. */
  nextDueMs: number | null;
}

/** What some worker has to do now and then, whoever it is: dead workers, jobs that are due, keys. */
export async function keepUp(db: Db): Promise<Upkeep> {
  await buryDeadWorkers(db);
  const queues = new Set<string>();
  for (;;) {
    const due = await db.query(makeDue);
    for (const { queue } of due) queues.add(queue);
    if (due.length < 250) break;
  }
  for (const queue of await settleUnseenJobs(db)) queues.add(queue);
  const next = await db.first(nextDue);
  return { queues, nextDueMs: next?.ms ?? null };
}

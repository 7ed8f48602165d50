import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import type { Log } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { sweepFlows } from '../flows/sweep.ts';
import { runDueSchedules } from '../schedules/tick.ts';
import { type Retention, sweepJobs } from './retention.ts';
import { buryDeadWorkers } from './workers.ts';

const settleUnseen = rows(
  'jobs.settle_unseen',
  Type.Object({
    found: Type.Integer(),
    queues: Type.Array(Type.String()),
    last_key: nullable(Type.String()),
  }),
  'SELECT found, queues, last_key FROM settle_unseen_jobs(250, $1)',
);

// Walks jobs_parked. A job with a key that was never tried takes its place in the line; one that is tried again has the key,
// and began in time.
const makeDue = rows(
  'jobs.make_due',
  Type.Object({ queue: Type.String() }),
  `UPDATE jobs SET
     state = (CASE WHEN state = 'scheduled' AND expires_at <= now() THEN 'cancelled' WHEN key IS NOT NULL AND state = 'scheduled' THEN 'waiting' ELSE 'ready' END)::job_state,
     finished_at = CASE WHEN state = 'scheduled' AND expires_at <= now() THEN now() END
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

/**
 * Decides which of the jobs with a key that nobody looked at are ready. Answers the queues that have work by that, and calls
 * `onReady` with them as they come.
 */
export async function settleUnseenJobs(
  db: Db,
  onReady: (queues: readonly string[]) => void = () => {},
): Promise<Set<string>> {
  const queues = new Set<string>();
  let fromKey = '';
  for (;;) {
    const answer = await db.first(settleUnseen, [fromKey]);
    fromKey = answer?.last_key ?? '';
    for (const queue of answer?.queues ?? []) queues.add(queue);
    onReady(answer?.queues ?? []);
    if ((answer?.found ?? 0) < 250) return queues;
  }
}

export interface Upkeep {
  /** Where there is work now. */
  queues: Set<string>;
  /** Milliseconds until the next job or schedule is due; null where none is. */
  nextDueMs: number | null;
}

export interface UpkeepOptions {
  log: Log;
  retention?: Retention | undefined;
  /** Called with queues in which jobs with keys became ready, as they do. */
  onReady?: ((queues: readonly string[]) => void) | undefined;
}

/** What some worker has to do now and then, whoever it is: dead workers, schedules, jobs that are due, keys, flows, and what ended long ago. */
export async function keepUp(db: Db, options: UpkeepOptions): Promise<Upkeep> {
  const { log, retention, onReady } = options;
  await buryDeadWorkers(db);
  const queues = new Set<string>();
  for (;;) {
    const due = await db.query(makeDue);
    for (const { queue } of due) queues.add(queue);
    if (due.length < 250) break;
  }
  const ticked = await runDueSchedules(db, { log });
  for (const queue of ticked.queues) queues.add(queue);
  for (const queue of await settleUnseenJobs(db, onReady)) queues.add(queue);
  await sweepFlows(db);
  await sweepJobs(db, retention);
  const next = await db.first(nextDue);
  const times = [next?.ms ?? null, ticked.nextMs].filter((ms) => ms !== null);
  return { queues, nextDueMs: times.length > 0 ? Math.min(...times) : null };
}

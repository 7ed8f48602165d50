import type { Db, Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { Task } from '../task.ts';

/** Milliseconds for which jobs are kept after their end. */
export interface Retention {
  succeededMs: number;
  cancelledMs: number;
  /** Also of those that are dead. */
  failedMs: number;
}

const dayMs = 24 * 3_600_000;
const defaultRetention: Retention = {
  succeededMs: 7 * dayMs,
  cancelledMs: 7 * dayMs,
  failedMs: 30 * dayMs,
};

const Swept = Type.Object({ deleted: Type.Integer(), flows: Type.Integer(), more: Type.Boolean() });

// Walks jobs_pkey from where the last one ended.
const sweep = rows('jobs.sweep', Swept, 'SELECT deleted, flows, more FROM sweep_jobs($1, $2, $3, $4)');

const keep = command(
  'jobs.retention.keep',
  `INSERT INTO job_retention AS r (task, succeeded_ms, cancelled_ms, failed_ms) VALUES ($1, $2::bigint, $3::bigint, $4::bigint)
   ON CONFLICT (task) DO UPDATE SET succeeded_ms = excluded.succeeded_ms, cancelled_ms = excluded.cancelled_ms, failed_ms = excluded.failed_ms
   WHERE (r.succeeded_ms, r.cancelled_ms, r.failed_ms) IS DISTINCT FROM (excluded.succeeded_ms, excluded.cancelled_ms, excluded.failed_ms)`,
);

/** Jobs looked at in one transaction, and transactions in one round. */
const batch = 1_000;
const mostBatches = 10;

/**
 * Deletes jobs that ended long ago, with their attempts, and flows with all their jobs: at most 10,000 jobs are looked at. A pass over all
 * that are old enough is followed by a minute's rest. Answers how many jobs were deleted by themselves.
 */
export async function sweepJobs(db: Db, retention: Retention = defaultRetention): Promise<number> {
  const { succeededMs, cancelledMs, failedMs } = retention;
  let deleted = 0;
  for (let turn = 0; turn < mostBatches; turn += 1) {
    const swept = await db.first(sweep, [succeededMs, cancelledMs, failedMs, batch]);
    deleted += swept?.deleted ?? 0;
    if (!swept?.more) break;
  }
  return deleted;
}

/** What tasks declare for themselves; every worker puts that of its handlers at its start. */
export async function keepTasks(db: Queryable, tasks: readonly Task[]): Promise<void> {
  for (const { name, settings } of tasks) {
    if (!settings.keep) continue;
    const { succeededMs = null, cancelledMs = null, failedMs = null } = settings.keep;
    for (const ms of [succeededMs, cancelledMs, failedMs])
      if (ms !== null && !(Number.isInteger(ms) && ms >= 0))
        throw new Error(`What the task ${name} says in keep is not a whole number of milliseconds.`);
    await db.execute(keep, [name, succeededMs, cancelledMs, failedMs]);
  }
}

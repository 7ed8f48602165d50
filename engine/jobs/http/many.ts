import { type Approval, recordAudit } from '@labwright/audit';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { findJobs } from './list.ts';
import type { DeadFilter, ManyAnswer } from './schemas.ts';

const Id = Type.Object({ id: Type.String() });

// Both in the order of the ids, by jobs_pkey: two who do it at once wait for one another, and each job is done once.
const requeueMany = rows(
  'jobs.http.requeue_many',
  Id,
  `SELECT done.id FROM (
     SELECT j.id FROM jobs j WHERE j.id = ANY ($1::bigint[]) AND j.state::text IN ('failed', 'dead') ORDER BY j.id FOR UPDATE) AS held
   CROSS JOIN LATERAL requeue_job(held.id) AS done`,
);
const dropMany = rows(
  'jobs.http.drop_many',
  Id,
  `DELETE FROM jobs WHERE state::text IN ('failed', 'dead') AND id = ANY (ARRAY (
     SELECT j.id FROM jobs j WHERE j.id = ANY ($1::bigint[]) AND j.state::text IN ('failed', 'dead') ORDER BY j.id FOR UPDATE))
   RETURNING id`,
);

/**
 * Brings back, or deletes, the dead letters of one page of a filter: at most `limit` in one transaction, newest first. `next_cursor` goes on behind
 * them, past those that were left.
 */
export async function steerDeadJobs(
  db: Db,
  what: 'requeue' | 'drop',
  filter: Static<typeof DeadFilter>,
  page: { limit: number; cursor?: string | undefined },
  approval: Approval,
): Promise<Static<typeof ManyAnswer>> {
  const { ids, next_cursor } = await findJobs(db, { ...filter, states: ['failed', 'dead'] }, page);
  if (ids.length === 0) return { done: 0, left: 0, next_cursor };
  const done = await db.transaction(async (tx) => {
    const changed = await tx.query(what === 'requeue' ? requeueMany : dropMany, [ids]);
    const { action, subject } = approval;
    if (changed.length > 0)
      await recordAudit(tx, {
        action,
        subject,
        approval,
        after: { filter, jobs: changed.map(({ id }) => id) },
      });
    return changed.length;
  });
  return { done, left: ids.length - done, next_cursor };
}

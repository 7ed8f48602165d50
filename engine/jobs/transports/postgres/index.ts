import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import { ClaimedJob, claimedColumns } from '../../job.ts';
import type { Transport } from '../../transport.ts';

// Who claims is on record as a worker, and stays so until this is committed: otherwise a worker that was declared dead a moment
// ago would get jobs that nobody takes from it again. A literal LIMIT and rows by id: whatever the planner thinks of the parameters, the plan is the same. Walks jobs_ready.
const claim = (most: number) =>
  rows(
    `jobs.claim_${most}`,
    ClaimedJob,
    `WITH me AS MATERIALIZED (SELECT id FROM job_workers WHERE id = $2 FOR KEY SHARE)
     UPDATE jobs SET state = 'running', worker = $2, attempts = attempts + 1, started_at = clock_timestamp()
     WHERE id = ANY (ARRAY (
       SELECT id FROM jobs
       WHERE queue = $1 AND state = 'ready' AND EXISTS (SELECT FROM me) AND NOT EXISTS (SELECT FROM job_queues WHERE name = $1 AND paused)
       ORDER BY priority, id LIMIT ${most} FOR UPDATE SKIP LOCKED))
     RETURNING ${claimedColumns}`,
  );

/** Sizes of a claim: the largest that is not too many is taken. */
const claims = [500, 200, 100, 50, 20, 10, 5, 2, 1].map((most) => ({ most, statement: claim(most) }));

const sleeps = command(
  'jobs.sleeps',
  `INSERT INTO job_queues AS q (name, wanted) SELECT name, $2 FROM unnest($1::text[]) AS name ORDER BY name
   ON CONFLICT (name) DO UPDATE SET wanted = excluded.wanted WHERE q.wanted <> excluded.wanted`,
);

/** Jobs straight from the table: claimed in batches, woken by notification. */
export function postgresTransport(db: Db): Transport {
  return {
    claim: async (queue, worker, most) => {
      const size = claims.find((candidate) => candidate.most <= most);
      if (!size) return [];
      const claimed = await db.query(size.statement, [queue, worker]);
      return claimed.sort((a, b) => Number(a.id) - Number(b.id));
    },
    sleeps: async (queues, asleep) => {
      await db.execute(sleeps, [queues, asleep]);
    },
    listen: (wake) => db.listen('labwright_jobs', { onMessage: wake, onGap: () => wake(null) }),
  };
}

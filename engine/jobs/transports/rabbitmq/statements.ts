import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { ClaimedJob, claimedColumns } from '../../job.ts';
import { succeedSql } from '../../store/finish.ts';

const Id = Type.Object({ id: Type.String() });

// As in the PostgreSQL transport, but of these rows alone: walks jobs_pkey. A row that another statement holds is left for the
// next look. `ready` counts too: its message may come after it was taken for lost.
const claimSql = ([worker, queue, ids]: readonly string[], and = '') =>
  `WITH me AS MATERIALIZED (SELECT id FROM job_workers WHERE id = ${worker} FOR KEY SHARE)${and}
   UPDATE jobs SET state = 'running', worker = ${worker}, attempts = attempts + 1, started_at = now()
   WHERE id = ANY (ARRAY (
     SELECT id FROM jobs
     WHERE id = ANY (${ids}::bigint[]) AND queue = ${queue} AND state IN ('sent', 'ready')
       AND EXISTS (SELECT FROM me) AND NOT EXISTS (SELECT FROM job_queues WHERE name = ${queue} AND paused)
     FOR UPDATE SKIP LOCKED))
   RETURNING ${claimedColumns}`;

export const claimSent = rows('jobs.rabbit.claim', ClaimedJob, claimSql(['$2', '$1', '$3']));
// What ends and what begins are other rows: the two changes of one statement never meet.
export const finishAndClaimSent = rows(
  'jobs.rabbit.finish_and_claim',
  ClaimedJob,
  claimSql(['$3::bigint', '$4', '$5'], `, done AS (${succeedSql})`),
);

/** Of these, the jobs that still wait for a worker in this queue, and not aside for a token: their messages are kept. Walks jobs_pkey. */
export const stillOpen = rows(
  'jobs.rabbit.still_open',
  Id,
  `SELECT id FROM jobs WHERE id = ANY ($2::bigint[]) AND queue = $1 AND state IN ('sent', 'ready')`,
);

// A literal LIMIT; walks jobs_ready, in the order in which the messages are to lie in the queue.
export const send = rows(
  'jobs.rabbit.send',
  Type.Object({ id: Type.String(), priority: Type.Integer(), sent_at: Type.Number() }),
  `UPDATE jobs SET state = 'sent', run_at = clock_timestamp()
   WHERE id = ANY (ARRAY (
     SELECT id FROM jobs
     WHERE queue = $1 AND state = 'ready' AND NOT EXISTS (SELECT FROM job_queues WHERE name = $1 AND paused)
     ORDER BY priority, id LIMIT 500 FOR UPDATE SKIP LOCKED))
   RETURNING id, priority, extract(epoch FROM run_at)::float8 * 1000 AS sent_at`,
);

/** Not confirmed, or dead letters: to be sent again. Walks jobs_pkey, and never jobs_parked (`::text`), which may hold a million that are sent. */
export const unsend = rows(
  'jobs.rabbit.unsend',
  Id,
  `UPDATE jobs SET state = 'ready', run_at = NULL WHERE id = ANY ($1::bigint[]) AND state::text = 'sent' RETURNING id`,
);

/**
 * The next 5,000 rows, behind the place ($1, $2), that were sent longer ago than $3 milliseconds: how many there are, which of the queues $4 are
 * among them, the last place and the server's time. In steps, for they may be a million of other queues. Walks jobs_parked.
 */
export const walkSent = rows(
  'jobs.rabbit.walk_sent',
  Type.Object({
    walked: Type.Integer(),
    queues: Type.Array(Type.String()),
    run_at: nullable(Type.String()),
    id: nullable(Type.String()),
    now: Type.Number(),
  }),
  `WITH step AS MATERIALIZED (
     SELECT run_at, id, queue FROM jobs
     WHERE state = 'sent' AND (run_at, id) > ($1::timestamptz, $2::bigint) AND run_at < now() - make_interval(secs => $3::float8 / 1000)
     ORDER BY run_at, id LIMIT 5000)
   SELECT (SELECT count(*)::int FROM step) AS walked, ARRAY (SELECT DISTINCT queue FROM step WHERE queue = ANY ($4::text[])) AS queues,
     last.run_at::text AS run_at, last.id, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
   FROM (VALUES (1)) AS one LEFT JOIN (SELECT run_at, id FROM step ORDER BY run_at DESC, id DESC LIMIT 1) AS last ON true`,
);

/** Of such a step, from behind ($2, $3) to ($4, $5), the jobs of a queue that were sent before $6, in milliseconds since 1970, are ready again. Walks jobs_parked. */
export const unsendWalked = rows(
  'jobs.rabbit.unsend_walked',
  Id,
  `UPDATE jobs SET state = 'ready', run_at = NULL
   WHERE id = ANY (ARRAY (
     SELECT id FROM jobs
     WHERE state = 'sent' AND (run_at, id) > ($2::timestamptz, $3::bigint) AND (run_at, id) <= ($4::timestamptz, $5::bigint)
       AND run_at < to_timestamp($6::float8 / 1000) AND queue = $1
     ORDER BY run_at, id LIMIT 5000 FOR UPDATE SKIP LOCKED))
   RETURNING id`,
);

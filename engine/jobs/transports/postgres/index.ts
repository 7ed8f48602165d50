import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { ClaimedJob, claimedColumns } from '../../job.ts';
import { withLimits } from '../../limits/transport.ts';
import { idsAndResults, succeedSql } from '../../store/finish.ts';
import { markAsleep } from '../../store/wake.ts';
import type { Transport } from '../../transport.ts';

// Who claims is on record as a worker, and stays so until this is committed: otherwise a worker that was declared dead a moment
// ago would get jobs that nobody takes from it again. That is asked once there are jobs: a look at an empty queue locks nothing, and
// so writes nothing. A literal LIMIT and rows by id: whatever the planner thinks of the parameters, the plan is the same. Walks jobs_ready.
const claimSql = (most: number, [worker, queue, priority, id]: readonly string[], and = '', only = '') =>
  `next AS MATERIALIZED (
     SELECT ARRAY (
       SELECT id FROM jobs
       WHERE ${only} queue = ${queue} AND state = 'ready' AND (priority, id) > (${priority}::smallint, ${id}::bigint) AND NOT EXISTS (SELECT FROM job_queues WHERE name = ${queue} AND paused)
       ORDER BY priority, id LIMIT ${most} FOR UPDATE SKIP LOCKED) AS ids),
   me AS MATERIALIZED (SELECT id FROM job_workers WHERE id = ${worker} AND (SELECT ids FROM next) <> '{}' FOR KEY SHARE)${and}
   UPDATE jobs SET state = 'running', worker = ${worker}, attempts = attempts + 1, started_at = now()
   WHERE id = ANY ((SELECT ids FROM next)::bigint[]) AND EXISTS (SELECT FROM me)
   RETURNING ${claimedColumns}`;

const claim = (most: number) =>
  rows(`jobs.claim_${most}`, ClaimedJob, `WITH ${claimSql(most, ['$2', '$1', '$3', '$4'])}`);
// What ends and what begins are other rows: the two changes of one statement never meet.
const finishAndClaim = (most: number) =>
  rows(
    `jobs.finish_and_claim_${most}`,
    ClaimedJob,
    `WITH ${claimSql(most, ['$3::bigint', '$4', '$5', '$6'], `, done AS (${succeedSql})`)}`,
  );

const ClaimedOrNext = Type.Object({ ...ClaimedJob.properties, follows: Type.Boolean() });
const names = Object.keys(ClaimedJob.properties).join(', ');
// What follows on the keys takes the places that come free: others are claimed only where nothing does, so there are never more.
const finishKeyedAndClaim = (most: number) =>
  rows(
    `jobs.finish_keyed_and_claim_${most}`,
    ClaimedOrNext,
    `WITH followers AS MATERIALIZED (SELECT ${names} FROM succeed_keyed_jobs($1, $2, $3, $7) WHERE next), claimed AS (
     WITH ${claimSql(most, ['$3::bigint', '$4', '$5', '$6'], '', 'NOT EXISTS (SELECT FROM followers) AND')})
   SELECT ${names}, true AS follows FROM followers UNION ALL SELECT ${names}, false FROM claimed`,
  );

/** Sizes of a claim: the largest that is not too many is taken. */
const claims = [500, 200, 100, 50, 20, 10, 5, 2, 1].map((most) => ({
  most,
  statement: claim(most),
  withEnds: finishAndClaim(most),
  withKeyedEnds: finishKeyedAndClaim(most),
}));

/** Where the line of a queue begins. */
const start = { priority: -32_768, id: '0' };
/** Milliseconds after which a claim begins at the start of the line again. */
const fromStartEveryMs = 50;

/**
 * Where to go on in the line of each queue. What was claimed leaves dead entries at the start of the index, and each claim that
 * begins there walks over all of them until a vacuum: many times its own work where thousands of jobs a second are done. What
 * is put in front of the place meanwhile (a better priority, a retry, a late commit) is seen a moment later.
 */
function openPlaces() {
  const places = new Map<string, { priority: number; id: string; startedAt: number }>();
  return {
    of: (queue: string) => {
      const place = places.get(queue);
      return place && performance.now() - place.startedAt < fromStartEveryMs ? place : start;
    },
    /** After a claim from `place` of so many; answers whether there may be jobs in front of it. */
    claimed: (queue: string, place: typeof start, jobs: readonly ClaimedJob[], most: number): boolean => {
      const last = jobs.at(-1);
      const fromStart = place === start;
      if (last && jobs.length === most)
        places.set(queue, {
          priority: last.priority,
          id: last.id,
          startedAt: fromStart ? performance.now() : (places.get(queue)?.startedAt ?? 0),
        });
      else places.delete(queue);
      return jobs.length === 0 && !fromStart;
    },
  };
}

const inOrder = (jobs: ClaimedJob[]) =>
  jobs.sort((a, b) => a.priority - b.priority || Number(a.id) - Number(b.id));

/** Jobs straight from the table: claimed in batches, woken by notification. */
export function postgresTransport(db: Db): Transport {
  const places = openPlaces();

  const claimFrom = async (
    queue: string,
    most: number,
    ask: (size: (typeof claims)[number], place: typeof start) => Promise<ClaimedJob[]>,
  ): Promise<{ jobs: ClaimedJob[]; again: boolean }> => {
    const size = claims.find((candidate) => candidate.most <= most);
    if (!size) throw new Error('a claim of nothing');
    const place = places.of(queue);
    const jobs = inOrder(await ask(size, place));
    return { jobs, again: places.claimed(queue, place, jobs, size.most) };
  };
  const claim = async (queue: string, worker: string, most: number): Promise<ClaimedJob[]> => {
    const { jobs, again } = await claimFrom(queue, most, ({ statement }, { priority, id }) =>
      db.query(statement, [queue, worker, priority, id]),
    );
    return again ? claim(queue, worker, most) : jobs;
  };

  return withLimits(db, {
    claim,
    finishAndClaim: async (done, queue, worker, most) => {
      const { jobs, again } = await claimFrom(queue, most, ({ withEnds }, { priority, id }) =>
        db.query(withEnds, [...idsAndResults(done), worker, queue, priority, id]),
      );
      return again ? claim(queue, worker, most) : jobs;
    },
    finishKeyedAndClaim: async (done, queue, worker, queues) => {
      let followers: ClaimedJob[] = [];
      const { jobs } = await claimFrom(queue, done.length, async ({ withKeyedEnds }, { priority, id }) => {
        const values = [...idsAndResults(done), worker, queue, priority, id, queues];
        const begun = await db.query(withKeyedEnds, values);
        followers = begun.filter(({ follows }) => follows);
        return begun.filter(({ follows }) => !follows);
      });
      return { followers, claimed: jobs };
    },
    sleeps: (queues, asleep) => markAsleep(db, queues, asleep),
    listen: (wake) => db.listen('labwright_jobs', { onMessage: wake, onGap: () => wake(null) }),
  });
}

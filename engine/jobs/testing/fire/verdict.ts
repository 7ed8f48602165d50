/** What has to be true when the fire is over. */
import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

const counts = rows(
  'test.fire.counts',
  Type.Object({ task: Type.String(), state: Type.String(), count: Type.Integer(), attempts: Type.Integer() }),
  `SELECT task, state::text AS state, count(*)::int AS count, sum(attempts)::int AS attempts FROM jobs GROUP BY 1, 2 ORDER BY 1, 2`,
);
const open = rows(
  'test.fire.open',
  Type.Object({ jobs: Type.Integer(), flows: Type.Integer() }),
  `SELECT (SELECT count(*)::int FROM jobs WHERE state NOT IN ('succeeded', 'failed', 'dead', 'cancelled')) AS jobs,
     (SELECT count(*)::int FROM job_flows WHERE state = 'running') AS flows`,
);
const stuck = rows(
  'test.fire.stuck',
  Type.Object({
    id: Type.String(),
    task: Type.String(),
    state: Type.String(),
    queue: Type.String(),
    key: nullable(Type.String()),
    attempts: Type.Integer(),
    worker: nullable(Type.String()),
    alive: Type.Boolean(),
    started_at: nullable(Type.String()),
  }),
  `SELECT id, task, state::text AS state, queue, key, attempts::int AS attempts, worker, EXISTS (SELECT FROM job_workers w WHERE w.id = jobs.worker) AS alive, started_at FROM jobs
   WHERE state NOT IN ('succeeded', 'failed', 'dead', 'cancelled') ORDER BY id LIMIT 10`,
);
const Fault = Type.Object({ fault: Type.String() });
const check = (name: string, sql: string) => rows(`test.fire.${name}`, Fault, sql);

const checks = {
  'a job ended otherwise than it had to': check(
    'wrong_end',
    `SELECT task || ' ' || id || ' is ' || state || ' after ' || attempts || ': ' || coalesce(error ->> 'message', '') AS fault FROM jobs
     WHERE state::text <> CASE task WHEN 'hopeless' THEN 'failed' WHEN 'unlucky' THEN 'dead' WHEN 'poison' THEN 'dead' ELSE 'succeeded' END`,
  ),
  'a job was tried more often than it may be': check(
    'too_often',
    `SELECT task || ' ' || id || ': ' || attempts AS fault FROM jobs WHERE attempts > max_attempts`,
  ),
  'two jobs of a key at once': check(
    'overlap',
    `SELECT a.key || ': ' || a.job_id || ' and ' || b.job_id AS fault FROM deeds a JOIN deeds b ON a.key = b.key AND (a.job_id, a.attempt, a.worker) <> (b.job_id, b.attempt, b.worker)
     WHERE a.begun <= b.begun AND a.ended IS NOT NULL AND b.begun < a.ended`,
  ),
  'a job succeeded without its deed': check(
    'no_deed',
    `SELECT task || ' ' || id AS fault FROM jobs WHERE state = 'succeeded' AND task IN ('deed', 'repeatable', 'tick')
       AND NOT EXISTS (SELECT FROM deeds WHERE job_id = id AND ended IS NOT NULL)
     UNION ALL
     SELECT 'once ' || id FROM jobs WHERE state = 'succeeded' AND task = 'once' AND NOT EXISTS (SELECT FROM once WHERE job_id = id)`,
  ),
  'work that counts once was done twice': check(
    'twice',
    `SELECT 'once ' || job_id AS fault FROM once GROUP BY job_id HAVING count(*) > 1`,
  ),
  'work was kept of a job that did not succeed by it': check(
    'kept',
    `SELECT 'once ' || job_id AS fault FROM once WHERE NOT EXISTS (SELECT FROM jobs WHERE id = job_id AND state = 'succeeded')`,
  ),
  'a batch is half there': check(
    'half',
    `SELECT 'batch ' || batch || ': ' || coalesce(b.jobs, 0) || ' of ' || coalesce(a.jobs, 0) AS fault
     FROM (SELECT (args ->> 'batch')::int AS batch, count(*) AS jobs FROM jobs WHERE flow IS NULL AND args ? 'batch' GROUP BY 1) AS b
     FULL JOIN asked a USING (batch) WHERE coalesce(a.jobs, 0) <> coalesce(b.jobs, 0)`,
  ),
  'a flow did not succeed': check(
    'flow',
    `SELECT 'flow ' || id || ' is ' || state AS fault FROM job_flows WHERE state <> 'succeeded'`,
  ),
  'a tick has two jobs': check(
    'tick',
    `SELECT args #>> '{tick,at}' AS fault FROM jobs WHERE task = 'tick' GROUP BY 1 HAVING count(*) > 1`,
  ),
  'a worker is still on record': check('worker', `SELECT name AS fault FROM job_workers`),
} as const;

export const lookForOpen = (db: Db) => db.first(open);
export const lookForStuck = (db: Db) => db.query(stuck);
export const countJobs = (db: Db) => db.query(counts);

/** Each promise that was broken, with the first ten examples. */
export async function findFaults(db: Db, answered: readonly number[]): Promise<string[]> {
  const faults: string[] = [];
  for (const [what, statement] of Object.entries(checks)) {
    const found = await db.query(statement);
    if (found.length > 0)
      faults.push(
        `${what} (${found.length}): ${found
          .slice(0, 10)
          .map(({ fault }) => fault)
          .join('; ')}`,
      );
  }
  const there = new Set((await db.query(batches)).map(({ batch }) => batch));
  const lost = answered.filter((batch) => !there.has(batch));
  if (lost.length > 0) faults.push(`what was answered is lost: batches ${lost.join(', ')}`);
  return faults;
}

const batches = rows('test.fire.batches', Type.Object({ batch: Type.Integer() }), 'SELECT batch FROM asked');

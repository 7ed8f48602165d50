import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const Neighbour = Type.Object({
  node: Type.Integer(),
  task: Type.String(),
  job: nullable(Type.String()),
  state: Type.Enum(['blocked', 'open', 'succeeded', 'failed', 'cancelled']),
});
export type Neighbour = Static<typeof Neighbour>;

const columns = `n.node, n.task, n.job,
  CASE n.state WHEN 'running' THEN 'open' WHEN 'sweeping' THEN 'open' WHEN 'swept' THEN 'cancelled' ELSE n.state::text END AS state`;

/** From the step up: the nodes that hold it, itself among them, and whether the one above is a chain. All by job_flow_nodes_pkey. */
const up = `up AS (
     SELECT n.node, n.last, n.parent FROM jobs j JOIN job_flow_nodes n ON n.flow = j.flow AND n.node = j.flow_node WHERE j.id = $1 AND j.flow = $2
     UNION ALL
     SELECT n.node, n.last, n.parent FROM up JOIN job_flow_nodes n ON n.flow = $2 AND n.node = up.parent
   )`;

// The nearest of them that follows another one in a chain; of that one the steps with which it ends.
const before = rows(
  'jobs.flows.before',
  Neighbour,
  `WITH RECURSIVE ${up}, ends AS (
     (SELECT p.node, p.kind, p.last FROM up
      JOIN job_flow_nodes above ON above.flow = $2 AND above.node = up.parent AND above.kind = 'chain'
      JOIN LATERAL (SELECT p.node, p.kind, p.last FROM job_flow_nodes p
                    WHERE p.flow = $2 AND p.parent = up.parent AND p.node BETWEEN up.parent AND up.node - 1 ORDER BY p.node DESC LIMIT 1) AS p ON true
      ORDER BY up.node DESC LIMIT 1)
     UNION ALL
     SELECT c.node, c.kind, c.last FROM ends CROSS JOIN LATERAL (
       SELECT n.node, n.kind, n.last FROM job_flow_nodes n
       WHERE n.flow = $2 AND n.parent = ends.node AND n.node BETWEEN ends.node AND ends.last AND (ends.kind = 'group' OR n.last = ends.last)
       ORDER BY n.node LIMIT 100) AS c
     WHERE ends.kind <> 'step'
   )
   SELECT ${columns} FROM job_flow_nodes n WHERE n.flow = $2 AND n.node = ANY (ARRAY (SELECT e.node FROM ends e WHERE e.kind = 'step' LIMIT 100)) ORDER BY n.node`,
);

// The nearest of them that another one follows in a chain; of that one the steps with which it begins.
const after = rows(
  'jobs.flows.after',
  Neighbour,
  `WITH RECURSIVE ${up}, next AS (
     SELECT up.last + 1 AS node FROM up
     JOIN job_flow_nodes above ON above.flow = $2 AND above.node = up.parent AND above.kind = 'chain' AND above.last > up.last
     ORDER BY up.node DESC LIMIT 1
   )
   SELECT ${columns} FROM next JOIN job_flow_nodes top ON top.flow = $2 AND top.node = next.node
   JOIN job_flow_nodes n ON n.flow = $2 AND n.node BETWEEN top.node AND top.last AND n.begins_with = top.node AND n.kind = 'step'
   ORDER BY n.node LIMIT 100`,
);

/** Of a job that is a step of a flow: the steps that it waited for, and those that begin when it (and its group) has ended; a hundred of each. */
export async function stepsAround(
  db: Queryable,
  job: string,
  flow: string,
): Promise<{ before: Neighbour[]; after: Neighbour[] }> {
  const [earlier, later] = await Promise.all([db.query(before, [job, flow]), db.query(after, [job, flow])]);
  return { before: earlier, after: later };
}

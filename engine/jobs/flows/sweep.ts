import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

// Walks job_flow_nodes_sweeping; the jobs by id. A running one is told only where the flow was cancelled.
const left = rows(
  'jobs.flows.left',
  Type.Object({ job: Type.String() }),
  `SELECT n.job FROM job_flow_nodes n JOIN job_flows f ON f.id = n.flow
   CROSS JOIN LATERAL (SELECT jobs.state, jobs.cancel_asked FROM jobs WHERE jobs.id = n.job OFFSET 0) AS j
   WHERE n.state = 'sweeping' AND (j.state IN ('scheduled', 'waiting', 'ready', 'sent', 'retrying')
     OR j.state = 'running' AND f.state = 'cancelled' AND NOT j.cancel_asked)
   LIMIT 100`,
);
const sweep = command('jobs.flows.sweep', 'SELECT sweep_job_of_flow($1)');

/** Cancels what is left of flows that have ended, each in a transaction of its own: it waits where it must. */
export async function sweepFlows(db: Queryable): Promise<void> {
  for (const { job } of await db.query(left)) await db.execute(sweep, [job]);
}

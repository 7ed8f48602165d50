import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { FlowCause } from './manage.ts';

/** What a child came to. */
export type Outcome<R = unknown> = { ok: R } | { error: FlowCause };

const Row = Type.Object({
  node: Type.Integer(),
  outcome: Type.Object({ ok: Type.Optional(Type.Unknown()), error: Type.Optional(FlowCause) }),
});

// The children of the group whose result the step of this job takes, or else the one node before it: job_flow_nodes_pkey.
const page = rows(
  'jobs.flows.results_before',
  Row,
  `SELECT c.node, job_flow_outcome(true, c) AS outcome
   FROM jobs j JOIN job_flow_nodes step ON step.flow = j.flow AND step.node = j.flow_node
   CROSS JOIN LATERAL job_flow_source(step.flow, step.input) AS source
   JOIN job_flow_nodes c ON c.flow = source.flow AND c.node BETWEEN greatest(source.node, $2 + 1) AND source.last
     AND CASE source.kind WHEN 'group' THEN c.parent = source.node ELSE c.node = source.node END
   WHERE j.id = $1 ORDER BY c.node LIMIT $3`,
);

/**
 * Inside the handler of a step: what came before it, one by one in the order in which it was given, so that a thousand
 * large results are never in memory at once. After a group the outcome of each child, else one. Needs no `resultAs`.
 */
export async function* resultsBefore<R = unknown>(
  db: Queryable,
  job: { readonly id: string },
  options: { pageSize?: number } = {},
): AsyncGenerator<Outcome<R>, void, undefined> {
  const pageSize = options.pageSize ?? 100;
  let after = -1;
  for (;;) {
    const found = await db.query(page, [job.id, after, pageSize]);
    for (const { outcome } of found) yield outcome as Outcome<R>;
    const last = found.at(-1);
    if (!last || found.length < pageSize) return;
    after = last.node;
  }
}

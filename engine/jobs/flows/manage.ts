import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const FlowState = Type.Enum(['running', 'succeeded', 'failed', 'cancelled']);
export type FlowState = Static<typeof FlowState>;

/** Why a step counts as failed. `job` is null where it could not become one. */
export const FlowCause = Type.Object({
  job: nullable(Type.String()),
  task: Type.String(),
  state: Type.String(),
  name: Type.String(),
  message: Type.String(),
});
export type FlowCause = Static<typeof FlowCause>;

const FlowRecord = Type.Object({
  id: Type.String(),
  name: nullable(Type.String()),
  state: FlowState,
  /** Of the flow that succeeded; null also where it is too large (`in_pages`): see `flowSteps`. */
  result: Type.Unknown(),
  in_pages: Type.Boolean(),
  /** The first ten causes. */
  error: nullable(
    Type.Object({ name: Type.String(), message: Type.String(), causes: Type.Array(FlowCause) }),
  ),
  created_at: Type.String(),
  finished_at: nullable(Type.String()),
  trace: nullable(Type.String()),
  /** Steps in all, those whose turn has not come, those that are jobs now, and how the others ended. */
  steps: Type.Integer(),
  blocked: Type.Integer(),
  open: Type.Integer(),
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  cancelled: Type.Integer(),
});
export type FlowRecord = Static<typeof FlowRecord>;

// Reads the nodes of one flow: job_flow_nodes_pkey.
const find = rows(
  'jobs.flows.find',
  FlowRecord,
  `SELECT f.id, f.name, f.state, f.result, f.in_pages, f.error, f.created_at, f.finished_at,
          split_part(f.trace, ' ', 1) AS trace,
     counted.steps, counted.blocked, counted.open, counted.succeeded, counted.failed, counted.cancelled
   FROM job_flows f CROSS JOIN LATERAL (
     SELECT count(*)::int AS steps,
       count(*) FILTER (WHERE n.state = 'blocked')::int AS blocked,
       count(*) FILTER (WHERE n.state IN ('running', 'sweeping'))::int AS open,
       count(*) FILTER (WHERE n.state = 'succeeded')::int AS succeeded,
       count(*) FILTER (WHERE n.state = 'failed')::int AS failed,
       count(*) FILTER (WHERE n.state = 'swept')::int AS cancelled
     FROM job_flow_nodes n WHERE n.flow = f.id AND n.kind = 'step') AS counted
   WHERE f.id = $1`,
);

const FlowStep = Type.Object({
  /** Its place in the flow; rises in the order in which the flow was written down. */
  node: Type.Integer(),
  task: Type.String(),
  job: nullable(Type.String()),
  /** `blocked`: its turn has not come; `cancelled`: with the flow or its group; else how it counts, and `open` before. */
  state: Type.Enum(['blocked', 'open', 'succeeded', 'failed', 'cancelled']),
  result: Type.Unknown(),
  error: Type.Unknown(),
});
export type FlowStep = Static<typeof FlowStep>;

// Pages by job_flow_nodes_pkey; the jobs by id.
const steps = rows(
  'jobs.flows.steps',
  FlowStep,
  `SELECT n.node, n.task, n.job,
     CASE n.state WHEN 'running' THEN 'open' WHEN 'sweeping' THEN 'open' WHEN 'swept' THEN 'cancelled' ELSE n.state::text END AS state,
     j.result, coalesce(j.error, n.error) AS error
   FROM job_flow_nodes n
   LEFT JOIN LATERAL (SELECT jobs.result, jobs.error FROM jobs WHERE jobs.id = n.job OFFSET 0) AS j ON true
   WHERE n.flow = $1 AND n.node > $2 AND n.kind = 'step' ORDER BY n.node LIMIT $3`,
);

const cancel = rows(
  'jobs.flows.cancel',
  Type.Object({ state: FlowState }),
  'SELECT state FROM cancel_job_flow($1)',
);

const drop = rows('jobs.flows.drop', Type.Object({ id: Type.String() }), 'SELECT id FROM drop_job_flow($1)');

/** State, result, causes and progress of a flow. */
export const findFlow = (db: Queryable, id: string): Promise<FlowRecord | undefined> => db.first(find, [id]);

/** The steps of a flow with their results, a page at a time: those behind the node `after`. */
export const flowSteps = (
  db: Queryable,
  id: string,
  options: { limit: number; after?: number },
): Promise<FlowStep[]> => db.query(steps, [id, options.after ?? -1, options.limit]);

/**
 * Cancels a flow and all that has not ended of it: at once, a job that holds a key or is being claimed within a second;
 * a handler that runs is told by its signal. Answers the state that the flow is in then; undefined where there is none.
 * The flow is locked until the transaction ends: do it last.
 */
export const cancelFlow = async (db: Queryable, id: string): Promise<FlowState | undefined> =>
  (await db.first(cancel, [id]))?.state;

/** Deletes a flow that has ended, and its jobs; false where there is none. */
export const dropFlow = async (db: Queryable, id: string): Promise<boolean> =>
  (await db.first(drop, [id])) !== undefined;

/** The flow has no result: it runs, has failed or was cancelled (see `causes`), is not there, or the result is too large. */
export class NoFlowResult extends Error {
  override readonly name = 'NoFlowResult';
  readonly causes: readonly FlowCause[];
  constructor(message: string, causes: readonly FlowCause[] = []) {
    super(message);
    this.causes = causes;
  }
}

/** What a flow came to: the result of its last step, or of its group in the order of the children. Throws `NoFlowResult`. */
export async function resultOfFlow(db: Queryable, id: string): Promise<unknown> {
  const flow = await findFlow(db, id);
  if (!flow) throw new NoFlowResult(`There is no flow ${id}.`);
  if (flow.in_pages)
    throw new NoFlowResult(`The result of flow ${id} has more than 1 MiB: read it with flowSteps.`);
  if (flow.state === 'succeeded') return flow.result;
  throw new NoFlowResult(
    flow.state === 'running'
      ? `Flow ${id} still runs: ask again when it has ended.`
      : `Flow ${id} is ${flow.state}${flow.error ? `: ${flow.error.message}` : '.'}`,
    flow.error?.causes,
  );
}

import { carriedContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { withoutSecrets } from '@labwright/kernel/log-secrets';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { findFlow, flowSteps } from '../flows/manage.ts';
import { stepsAround } from '../flows/neighbours.ts';
import { JobError } from '../job.ts';
import { waitingReasons } from '../waiting.ts';
import { jobErrors } from './errors.ts';
import { summariesOf } from './list.ts';
import type { FlowDetails, JobDetails } from './schemas.ts';
import { shown } from './secrets.ts';

const Rest = Type.Object({
  unique_key: nullable(Type.String()),
  timeout_ms: nullable(Type.Integer()),
  expires_at: nullable(Type.String()),
  args: Type.Unknown(),
  result: Type.Unknown(),
  error: nullable(JobError),
  trace: nullable(Type.String()),
});
const rest = rows(
  'jobs.http.rest',
  Rest,
  'SELECT unique_key, timeout_ms, expires_at, args, result, error, trace FROM jobs WHERE id = $1',
);

const Failure = Type.Object({
  attempt: Type.Integer(),
  worker: nullable(Type.String()),
  error: JobError,
  ended_at: Type.String(),
});
// job_attempts_pkey, backwards.
const failures = rows(
  'jobs.http.failures',
  Failure,
  'SELECT attempt, worker, error, ended_at FROM job_attempts WHERE job_id = $1 ORDER BY attempt DESC LIMIT 100',
);

export const jobNotFound = (id: string) =>
  jobErrors.problem(
    'job_not_found',
    `There is no job ${id} here. Each service has its own jobs, and they are deleted some days after their end.`,
  );

/** All that is known of one job, without secrets. Throws `job_not_found`. */
export async function describeJob(db: Queryable, id: string): Promise<Static<typeof JobDetails>> {
  const [[summary], own, failed, waiting] = await Promise.all([
    summariesOf(db, [id]),
    db.first(rest, [id]),
    db.query(failures, [id]),
    waitingReasons(db, id),
  ]);
  if (!summary || !own) throw jobNotFound(id);
  const around = summary.flow === null ? { before: [], after: [] } : await stepsAround(db, id, summary.flow);
  const { trace, args, result, error, ...others } = own;
  return {
    ...summary,
    error_message: summary.error_message && withoutSecrets(summary.error_message),
    ...others,
    args: shown(args),
    result: shown(result),
    error: error && troubleOf(error),
    failures: failed.map((failure) => ({ ...failure, error: troubleOf(failure.error) })),
    waiting: (waiting ?? []).map(({ until, ...reason }) => ({
      ...reason,
      until: until?.toISOString() ?? null,
    })),
    caused_by: causeOf(trace),
    ...around,
  };
}

/** Characters of a stack; what an error has beyond says nothing more. */
const longestStack = 16_000;
const troubleOf = ({ name, message, stack }: Static<typeof JobError>) => ({
  name,
  message: withoutSecrets(message),
  stack: stack === undefined ? null : withoutSecrets(stack.slice(0, longestStack)),
});

function causeOf(trace: string | null) {
  if (trace === null) return { id: null, name: null, request_id: null, trace_id: null };
  const { principal, request_id, trace_id } = carriedContext(trace);
  const carried = trace.includes(' ');
  return {
    id: principal?.id ?? null,
    name: principal?.name ?? null,
    request_id: carried ? request_id : null,
    trace_id,
  };
}

/** A flow and a page of its steps. Throws `job_flow_not_found`, `invalid_cursor`. */
export async function describeFlow(
  db: Queryable,
  id: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Static<typeof FlowDetails>> {
  const after = page.cursor === undefined ? -1 : nodeOf(page.cursor);
  const [flow, steps] = await Promise.all([
    findFlow(db, id),
    flowSteps(db, id, { limit: page.limit + 1, after }),
  ]);
  if (!flow)
    throw jobErrors.problem(
      'job_flow_not_found',
      `There is no flow ${id} here. \`flow\` of a job names the one that it is a step of.`,
    );
  const { result: _result, in_pages: _pages, trace: _trace, error, ...shownFlow } = flow;
  const own = steps.slice(0, page.limit);
  return {
    ...shownFlow,
    error: error && { name: error.name, message: withoutSecrets(error.message) },
    page: own.map(({ node, task, job, state }) => ({ node, task, job, state })),
    next_cursor: steps.length > page.limit ? `n${own.at(-1)?.node}` : null,
  };
}

function nodeOf(cursor: string): number {
  const node = /^n(\d{1,9})$/.exec(cursor)?.[1];
  if (node !== undefined) return Number(node);
  throw jobErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Leave it out to begin at the first step.',
  );
}

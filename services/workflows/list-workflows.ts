import { type Workflow, type WorkflowStatus, workflowErrors } from '@labwright/contract-workflows';
import type { Statement } from '@labwright/kernel/statement';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { CoreDeps } from './deps.ts';
import { withParts } from './load-workflow.ts';
import { decodeCursor, encodeCursor } from './samples/cursors.ts';
import { WorkflowRow, workflowColumns } from './workflow-row.ts';

/** Steps and samples that one page may carry: it ends early where its workflows are large, however many were asked. */
const pageWeight = 20_000;

const PageRow = Type.Object({ ...WorkflowRow.properties, weight: Type.Integer() });
type PageRow = Static<typeof PageRow>;

// Positions run from 1 without gaps, so the greatest is the count: one look at the end of an index each.
const statementFor = (name: string, condition: string) =>
  rows(
    name,
    PageRow,
    `SELECT ${workflowColumns},
            coalesce((SELECT max(s.position) FROM workflow_steps s WHERE s.workflow_id = w.id), 0)
            + coalesce((SELECT max(p.position) FROM workflow_samples p WHERE p.workflow_id = w.id), 0) AS weight
     FROM workflows w
     WHERE (w.created_at, w.id) < ($1::timestamptz, $2)${condition}
     ORDER BY w.created_at DESC, w.id DESC LIMIT $3`,
  );

const filterNames = ['device_id', 'status', 'q'] as const;
type FilterName = (typeof filterNames)[number];

/**
 * The text is looked for as it stands, in the order of the list; no index knows the middle of a name, so a rare one is a walk, which reads names
 * that are in lower case already, and puts the text in lower case once.
 */
const conditions: Readonly<Record<FilterName, (parameter: string) => string>> = {
  device_id: (parameter) => ` AND w.device_id = ${parameter}`,
  status: (parameter) => ` AND w.status = ${parameter}`,
  q: (parameter) => ` AND (strpos(w.lower_name, (SELECT lower(${parameter}))) > 0 OR w.id = ${parameter})`,
};

/** One statement for each set of filters, so that each has the plan of its index; their values begin with $4. */
const statements = new Map(
  [0, 1, 2, 3, 4, 5, 6, 7]
    .map((bits) => filterNames.filter((_name, place) => bits & (1 << place)))
    .map((filters) => [
      filters.join(),
      statementFor(
        ['workflows.list', ...filters].join('.'),
        filters.map((name, index) => conditions[name](`$${index + 4}::text`)).join(''),
      ),
    ]),
);

export interface ListRequest {
  limit: number;
  cursor?: string;
  status?: WorkflowStatus;
  device_id?: string;
  /** A part of the name, in upper or lower case, or the whole id. */
  q?: string;
}

/** Newest first; three queries, whatever the page holds. Throws `invalid_cursor`. */
export async function listWorkflows(
  deps: CoreDeps,
  request: ListRequest,
): Promise<{ workflows: Workflow[]; next_cursor: string | null }> {
  const list = [
    'workflows',
    request.status ?? null,
    request.device_id ?? null,
    ...(request.q === undefined ? [] : [request.q]),
  ];
  const [createdAt, id] = positionOf(decodeCursor(list, request.cursor, 'infinity ~', positionShape));
  const { statement, filters } = choose(request);
  // One more than asked for tells whether there is a next page.
  const found = await deps.db.query(statement, [createdAt, id, request.limit + 1, ...filters]);
  const page = cutByWeight(found.slice(0, request.limit));
  const last = page.at(-1);
  const more = found.length > page.length && last;
  return {
    workflows: await withParts(deps.db, page),
    next_cursor: more ? encodeCursor(list, `${last.created_at} ${last.id}`) : null,
  };
}

const positionShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z .{1,36}$/;

/** `created_at` and id of the last workflow of the page before. */
function positionOf(position: string): [createdAt: string, id: string] {
  const end = position.indexOf(' ');
  const createdAt = position.slice(0, end);
  if (createdAt !== 'infinity' && !isInCalendar(createdAt))
    throw workflowErrors.problem(
      'invalid_cursor',
      'The cursor names a time that never was. Use `next_cursor` unchanged.',
    );
  return [createdAt, position.slice(end + 1)];
}

/** False for the year 0, and for 30 February: such a day is rolled over, and comes out as another one. */
function isInCalendar(time: string): boolean {
  if (time.startsWith('0000')) return false;
  const parsed = new Date(time);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 19) === time.slice(0, 19);
}

function choose(request: ListRequest): { statement: Statement<PageRow>; filters: string[] } {
  const given = filterNames.filter((name) => request[name] !== undefined);
  const statement = statements.get(given.join());
  if (!statement) throw new Error(`No statement lists workflows by ${given.join()}`);
  return { statement, filters: given.flatMap((name) => request[name] ?? []) };
}

function cutByWeight(found: readonly PageRow[]): WorkflowRow[] {
  let weight = 0;
  const page: WorkflowRow[] = [];
  for (const { weight: own, ...row } of found) {
    weight += own;
    if (page.length > 0 && weight > pageWeight) break;
    page.push(row);
  }
  return page;
}

import { type Task, type TaskStatus, taskErrors } from '@labwright/contract-hub/tasks';
import { isTimestamp, isUuid, type PartCheck, readCursor, writeCursor } from '@labwright/kernel/cursor';
import type { Db } from '@labwright/kernel/db';
import { atLeast, type Principal, roles } from '@labwright/kernel/identity';
import { rows, type Statement } from '@labwright/kernel/statement';
import { asTask, TaskRow, taskColumns } from './task-row.ts';

/*
 * One statement for each order and set of filters, so that each has a plan of its own: 192 in all, declared when they are loaded and
 * prepared when they are first asked.
 */

/** What each filter asks of a row; `$` stands for its value. */
const conditions = {
  status: 't.status = $',
  active: `t.status IN ('open', 'in_progress')`,
  // operator_tasks_by_owner, operator_tasks_due_by_owner
  owner: 't.owner_id = $',
  // What nobody has in hand, for whoever has one of these roles.
  roles: 't.assignee_role = ANY($::text[])',
  // operator_tasks_by_workflow
  workflow: 't.workflow_id = $',
  // operator_tasks_by_device
  device: 't.device_id = $',
  due: 't.due_at < $::timestamptz',
} as const;
type Filter = keyof typeof conditions;

/** Newest first: operator_tasks_newest, operator_tasks_by_status. What is due first, first: operator_tasks_due. */
const orders = {
  newest: {
    after: '(t.created_at, t.id) < ($1::timestamptz, $2::uuid)',
    by: 't.created_at DESC, t.id DESC',
    start: ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  },
  due: {
    after: '(t.due_key, t.id) > ($1::timestamptz, $2::uuid)',
    by: 't.due_key, t.id',
    start: ['-infinity', '00000000-0000-0000-0000-000000000000'],
  },
} as const;
export type Order = keyof typeof orders;

const statementName = (order: Order, filters: readonly Filter[]) =>
  ['tasks.list', order, ...filters].join('.');

function declare(order: Order, filters: readonly Filter[]): Statement<TaskRow> {
  let parameters = 3;
  const where = filters.map((filter) => {
    const condition = conditions[filter];
    if (!condition.includes('$')) return condition;
    parameters += 1;
    return condition.replace('$', `$${parameters}`);
  });
  return rows(
    statementName(order, filters),
    TaskRow,
    `SELECT ${taskColumns} FROM operator_tasks t
     WHERE ${[orders[order].after, ...where].join(' AND ')}
     ORDER BY ${orders[order].by} LIMIT $3`,
  );
}

function everySet(): Filter[][] {
  const sets: Filter[][] = [[]];
  for (const filter of ['owner', 'roles', 'workflow', 'device', 'due'] as const)
    sets.push(...sets.map((set): Filter[] => [...set, filter]));
  return sets.flatMap((set): Filter[][] => [set, ['status', ...set], ['active', ...set]]);
}

const statements = new Map(
  (['newest', 'due'] as const).flatMap((order) =>
    everySet().map((filters) => [statementName(order, filters), declare(order, filters)] as const),
  ),
);

export interface ListRequest {
  who: Principal;
  order?: Order;
  limit: number;
  cursor?: string;
  /** `active`: open or in progress; what an order by due time is always about. */
  status?: TaskStatus | 'active';
  mine?: boolean;
  my_role?: boolean;
  workflow_id?: string;
  device_id?: string;
  due_before?: string;
}

/**
 * One page. `mine`: what I have in hand, did, or what is assigned to me and in nobody's hand; `my_role`: what is for a role that I have.
 * Throws `invalid_cursor`.
 */
export async function listTasks(
  db: Db,
  request: ListRequest,
): Promise<{ tasks: Task[]; next_cursor: string | null }> {
  const { order = 'newest', limit } = request;
  const chosen = chooseFilters(request, order);
  const names = chosen.map(([filter]) => filter);
  const statement = statements.get(statementName(order, names));
  if (!statement) throw new Error(`There is no list by ${order} with ${names.join(', ')}`);
  const place = request.cursor === undefined ? orders[order].start : placeIn(request.cursor, order);
  const values = chosen.flatMap(([, value]) => (value === undefined ? [] : [value]));
  // One more than asked for tells whether there is a next page.
  const found = await db.query(statement, [...place, limit + 1, ...values]);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    tasks: page.map(asTask),
    next_cursor: found.length > limit && last ? cursorBehind(last, order) : null,
  };
}

function chooseFilters(request: ListRequest, order: Order): [Filter, unknown][] {
  const { who, status = order === 'due' ? 'active' : undefined } = request;
  const chosen: [Filter, unknown][] = [];
  if (status === 'active') chosen.push(['active', undefined]);
  else if (status !== undefined) chosen.push(['status', status]);
  if (request.mine) chosen.push(['owner', who.id]);
  if (request.my_role) chosen.push(['roles', roles.filter((role) => atLeast(who.role, role))]);
  if (request.workflow_id !== undefined) chosen.push(['workflow', request.workflow_id]);
  if (request.device_id !== undefined) chosen.push(['device', request.device_id]);
  if (request.due_before !== undefined) chosen.push(['due', request.due_before]);
  return chosen;
}

const cursorBehind = (task: TaskRow, order: Order) =>
  writeCursor(order, order === 'due' ? (task.due_at ?? 'infinity') : task.created_at, task.id);

function placeIn(cursor: string, order: Order): string[] {
  const place = readCursor(cursor, [order], [isTime, isUuid]);
  if (place) return place;
  throw taskErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, with the same order and filters.',
  );
}

/** What has no due time comes last. */
const isTime: PartCheck = (part) => part === 'infinity' || isTimestamp(part);

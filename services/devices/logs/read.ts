import { Execution, executionStatuses } from '@labwright/contract-devices';
import type { Db } from '@labwright/kernel/db';
import { rows, type Statement } from '@labwright/kernel/statement';
import { executionColumns } from './columns.ts';
import type { LogCursor, LogKey } from './cursor.ts';
import { microsToIso, type TimeRange } from './range.ts';

/** Which rows are wanted; what is left out does not matter. */
export interface LogFilters {
  device_id?: string | undefined;
  operation?: string | undefined;
  status?: Execution['status'] | undefined;
  workflow_id?: string | undefined;
}

export type LogFilter = keyof LogFilters;
type Direction = LogCursor['direction'];

export const logFilters: readonly LogFilter[] = ['device_id', 'operation', 'status', 'workflow_id'];

/**
 * The statement for one choice of filters and one direction. Each walks one index in its order:
 * `execution_logs_by_time`, `_by_device`, `_by_status`, `_by_device_status`, `_by_operation` or `_by_device_operation` as
 * its name says; of the last two the four parts merged where no status is chosen; and `_by_workflow` whatever is chosen
 * beside the workflow. Values: the time and the id from which to go on, the bound in time on the other side, how many
 * rows, how many to skip, those of the filters in the order of `logFilters`, and all statuses where they are merged.
 */
export function walkStatement(chosen: readonly LogFilter[], direction: Direction): Statement<Execution> {
  const present = logFilters.filter((filter) => chosen.includes(filter));
  const name = `devices.logs.${direction}${present.map((filter) => `.${filter}`).join('')}`;
  const known = walks.get(name);
  if (known) return known;
  const made = rows(name, Execution, walkSql(present, direction));
  walks.set(name, made);
  return made;
}

const walks = new Map<string, Statement<Execution>>();

function walkSql(present: readonly LogFilter[], direction: Direction): string {
  const page = 'LIMIT $4::bigint OFFSET $5::bigint';
  const place = (filter: LogFilter) => `$${6 + present.indexOf(filter)}::text`;
  if (present.includes('workflow_id')) {
    // As expressions they fit no index: a workflow has few rows, so its own index is the one to walk.
    const wanted = present.map((filter) =>
      filter === 'workflow_id' ? `workflow_id = ${place(filter)}` : `(${filter} || '') = ${place(filter)}`,
    );
    return `${walkEqual(wanted, direction)} ${page}`;
  }
  if (!mergesStatuses(present))
    return `${walkWhole(
      present.map((column) => ({ column, value: place(column) })),
      direction,
    )} ${page}`;
  const statuses = `($${6 + present.length}::text[])`;
  const wanted = present.map((filter) => `${filter} = ${place(filter)}`);
  const parts = executionStatuses.map(
    (_status, index) =>
      `(${walkEqual([...wanted, `status = ${statuses}[${index + 1}]`], direction)} LIMIT $4::bigint + $5::bigint)`,
  );
  return `${parts.join(' UNION ALL ')} ${order(['started_at', 'id'], direction)} ${page}`;
}

const order = (columns: readonly string[], direction: Direction) =>
  `ORDER BY ${columns.map((column) => `${column}${direction === 'older' ? ' DESC' : ''}`).join(', ')}`;

/** Rows that meet the conditions, by time: such walks can be merged. */
function walkEqual(conditions: readonly string[], direction: Direction): string {
  const span =
    direction === 'older'
      ? '(started_at, id) < ($1::timestamptz, $2::bigint) AND started_at >= $3::timestamptz'
      : '(started_at, id) > ($1::timestamptz, $2::bigint) AND started_at < $3::timestamptz';
  return `SELECT ${executionColumns} FROM execution_logs WHERE ${[...conditions, span].join(' AND ')} ${order(['started_at', 'id'], direction)}`;
}

/**
 * Rows with these values. The last of them is compared and ordered together with the time, although it is equal: so that
 * no index without it will do. Compared alone, the planner could walk by time and throw away what does not match, for a
 * value that is one in a million too.
 */
function walkWhole(chosen: readonly { column: string; value: string }[], direction: Direction): string {
  const equal = chosen.slice(0, -1).map(({ column, value }) => `${column} = ${value}`);
  const last = chosen.slice(-1);
  const columns = [...last.map(({ column }) => column), 'started_at', 'id'];
  const values = last.map(({ value }) => value);
  const row = `(${columns.join(', ')})`;
  const from = `(${[...values, '$1::timestamptz', '$2::bigint'].join(', ')})`;
  const bound = `(${[...values, '$3::timestamptz', '0::bigint'].join(', ')})`;
  const span =
    direction === 'older'
      ? [`${row} < ${from}`, `${row} >= ${bound}`]
      : [`${row} > ${from}`, `${row} < ${bound}`];
  return `SELECT ${executionColumns} FROM execution_logs WHERE ${[...equal, ...span].join(' AND ')} ${order(columns, direction)}`;
}

const mergesStatuses = (present: readonly LogFilter[]) =>
  present.includes('operation') && !present.includes('status') && !present.includes('workflow_id');

/**
 * Settings of the connections that walk. There is always an index in the wanted order, and walking it costs as much as
 * the answer is long. The planner, which takes filters for independent, would at times rather fetch all rows that match
 * and sort them, or compile for the millions of rows that it guesses. What counts is how many rows are looked at,
 * wherever they lie (`cpu_operator_cost`): a broader index is never better because it lies in the order of the table.
 */
const followIndexes = {
  enable_sort: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
  cpu_operator_cost: '100',
  plan_cache_mode: 'force_generic_plan',
  default_transaction_read_only: 'on',
} as const;

/** Connections for walks; as many as read logs at the same time. */
export const logReader = (db: Db): Db => db.sibling({ max: 4, settings: followIndexes });

export interface Walk {
  filters: LogFilters;
  range: TimeRange;
  /** From where; without it from the newest end of the range (towards older rows). */
  from?: LogCursor | undefined;
  take: number;
  skip?: number;
}

/** Up to `take` rows, read by a `logReader`, in the order of the walk: newest first towards older rows, oldest first towards newer ones. */
export function walkLogs(reader: Db, walk: Walk): Promise<Execution[]> {
  const { filters, range, from, take, skip = 0 } = walk;
  const direction = from?.direction ?? 'older';
  const key = startOf(range, direction, from);
  const bound = direction === 'older' ? range.from : range.until;
  const chosen = logFilters.filter((filter) => filters[filter] !== undefined);
  const values = [
    microsToIso(key.at),
    key.id.toString(),
    microsToIso(bound),
    take,
    skip,
    ...chosen.map((filter) => filters[filter]),
    ...(mergesStatuses(chosen) ? [executionStatuses] : []),
  ];
  return reader.query(walkStatement(chosen, direction), values);
}

/** Where the walk begins: at the cursor, or at the edge of the range where the cursor lies outside. Ids begin at 1. */
function startOf(range: TimeRange, direction: Direction, cursor: LogKey | undefined): LogKey {
  const edge: LogKey = { at: direction === 'older' ? range.until : range.from, id: 0n };
  if (!cursor) return edge;
  const cursorIsOlder = cursor.at < edge.at || (cursor.at === edge.at && cursor.id < edge.id);
  return cursorIsOlder === (direction === 'older') ? cursor : edge;
}

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
  const older = direction === 'older';
  const order = older ? 'ORDER BY started_at DESC, id DESC' : 'ORDER BY started_at, id';
  const span = older
    ? '(started_at, id) < ($1::timestamptz, $2::bigint) AND started_at >= $3::timestamptz'
    : '(started_at, id) > ($1::timestamptz, $2::bigint) AND started_at < $3::timestamptz';
  const ofWorkflow = present.includes('workflow_id');
  const wanted = present.map((filter, index) => {
    // As an expression it fits no index: a workflow has few rows, so its own index is the one to walk.
    const column = ofWorkflow && filter !== 'workflow_id' ? `(${filter} || '')` : filter;
    return `${column} = $${6 + index}::text`;
  });
  const walk = (conditions: readonly string[]) =>
    `SELECT ${executionColumns} FROM execution_logs WHERE ${[...conditions, span].join(' AND ')} ${order}`;

  if (!mergesStatuses(present)) return `${walk(wanted)} LIMIT $4::bigint OFFSET $5::bigint`;
  // As values and not as literals: for a status that it knows to be rare, the planner would take a broader index.
  const statuses = `($${6 + present.length}::text[])`;
  const parts = executionStatuses.map(
    (_status, index) =>
      `(${walk([...wanted, `status = ${statuses}[${index + 1}]`])} LIMIT $4::bigint + $5::bigint)`,
  );
  return `${parts.join(' UNION ALL ')} ${order} LIMIT $4::bigint OFFSET $5::bigint`;
}

const mergesStatuses = (present: readonly LogFilter[]) =>
  present.includes('operation') && !present.includes('status') && !present.includes('workflow_id');

/**
 * Settings of the connections that walk. There is always an index in the wanted order, and walking it costs as much as
 * the answer is long. The planner, which takes filters for independent, would at times rather fetch all rows that match
 * and sort them, walk a broader index because a value seems rare, or compile for the millions of rows that it guesses.
 */
const followIndexes = {
  enable_sort: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
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

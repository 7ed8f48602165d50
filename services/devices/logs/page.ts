import type { Execution } from '@labwright/contract-devices';
import type { Db } from '@labwright/kernel/db';
import { encodeCursor, type LogCursor } from './cursor.ts';
import type { TimeRange } from './range.ts';
import { type LogFilters, walkLogs } from './read.ts';

/** Part of the logs, newest first. A cursor is null where nothing lies beyond on its side. */
export interface LogPage {
  execution_logs: Execution[];
  /** Towards older rows. */
  next_cursor: string | null;
  /** Towards newer rows. */
  prev_cursor: string | null;
}

export interface PageRequest {
  filters: LogFilters;
  range: TimeRange;
  cursor?: LogCursor | undefined;
  limit: number;
  /** Rows before the page, where it was asked for by its number. */
  skip?: number;
}

/** Reads one row more than asked for: it tells whether there is a page after this one. */
export async function readPage(reader: Db, request: PageRequest): Promise<LogPage> {
  const { cursor, limit, skip = 0, filters, range } = request;
  const walked = await walkLogs(reader, { filters, range, from: cursor, take: limit + 1, skip });
  const more = walked.length > limit;
  const page = walked.slice(0, limit);
  const towardsNewer = cursor?.direction === 'newer';
  if (towardsNewer) page.reverse();
  const newest = page[0];
  const oldest = page.at(-1);
  if (!newest || !oldest) return { execution_logs: [], next_cursor: null, prev_cursor: null };
  const hasOlder = towardsNewer || more;
  const hasNewer = towardsNewer ? more : cursor !== undefined || skip > 0;
  return {
    execution_logs: page,
    next_cursor: hasOlder ? encodeCursor('older', oldest) : null,
    prev_cursor: hasNewer ? encodeCursor('newer', newest) : null,
  };
}

import { deviceErrors, ExecutionStatus } from '@labwright/contract-devices';
import { commonErrors } from '@labwright/kernel/errors';
import Type, { type Static } from 'typebox';
import { decodeCursor, type LogCursor } from './cursor.ts';
import { type TimeRange, timeRange } from './range.ts';
import type { LogFilters } from './read.ts';

const whichTimes =
  'A date (`2025-01-01`: the whole day in UTC) or an ISO 8601 time (without an offset: UTC); inclusive.';

const filters = {
  status: Type.Optional(ExecutionStatus),
  operation: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  workflow_id: Type.Optional(Type.String({ minLength: 1, maxLength: 36 })),
};
const device = {
  device_id: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: 'Case-sensitive.' })),
};
const time = Type.String({
  minLength: 1,
  maxLength: 50,
  description: whichTimes,
  examples: ['2025-01-01', '2025-01-01T08:00:00Z'],
});
const anyTime = { start: Type.Optional(time), end: Type.Optional(time) };
const place = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        'Rows of the answer: at most 100 and by default 50 in JSON; in streams any number and by default all.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 300,
      description: '`next_cursor` or `prev_cursor` of another page.',
    }),
  ),
  page: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'From 1, instead of a cursor; page × per_page ≤ 10,000.',
    }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'ndjson', 'csv'], {
      description:
        'Instead of `Accept`, for a link that a browser saves: `ndjson` and `csv` are streams that come as a file.',
    }),
  ),
  per_page: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: 'Rows a page, with `page`. Default 50.' }),
  ),
};

const exact = { additionalProperties: false };
export const ListQuery = Type.Object({ ...device, ...filters, ...anyTime, ...place }, exact);
export const SearchQuery = Type.Object({ start: time, end: time, ...device, ...filters, ...place }, exact);
export const DeviceLogsQuery = Type.Object({ ...filters, ...anyTime, ...place }, exact);

export type LogQuery = Static<typeof ListQuery>;

const defaultRows = 50;
const mostRows = 100;
const deepestRow = 10_000;

/** What a query asks for, whichever form the answer takes. */
export interface Selection {
  filters: LogFilters;
  range: TimeRange;
  cursor: LogCursor | undefined;
}

/** Throws `invalid_range` or `invalid_cursor`. */
export function selectionOf(query: LogQuery): Selection {
  const { device_id, operation, status, workflow_id } = query;
  return {
    filters: { device_id, operation, status, workflow_id },
    range: timeRange(query),
    cursor: query.cursor === undefined ? undefined : decodeCursor(query.cursor),
  };
}

export type Place = { limit: number; skip: number; page?: number; per_page?: number };

/** Which rows of a selection a JSON answer holds. Throws `validation_failed` or, too deep, `invalid_range`. */
export function placeOf({ limit, cursor, page, per_page }: LogQuery): Place {
  if (page === undefined && per_page === undefined) {
    if (limit !== undefined && limit > mostRows)
      throw fault('limit', `must be <= ${mostRows} in a JSON answer; a stream (Accept) may be longer`);
    return { limit: limit ?? defaultRows, skip: 0 };
  }
  if (cursor !== undefined)
    throw fault('cursor', 'cannot stand beside page and per_page: give one or the other');
  if (limit !== undefined) throw fault('limit', 'cannot stand beside page and per_page: give per_page alone');
  const number = page ?? 1;
  const size = per_page ?? defaultRows;
  if (number * size > deepestRow) {
    const detail = `page × per_page is ${number * size}, and pages by number end at ${deepestRow} rows: follow next_cursor instead, or narrow the search.`;
    throw deviceErrors.problem('invalid_range', detail, {
      faults: [{ path: 'querystring.page', message: detail }],
    });
  }
  return { limit: size, skip: (number - 1) * size, page: number, per_page: size };
}

/** A stream begins at the newest row or at `next_cursor` and has no pages. */
export function checkStreamable(query: LogQuery, { cursor }: Selection): void {
  if (query.page !== undefined || query.per_page !== undefined)
    throw fault(
      'page',
      'is for JSON answers: a stream has all rows; shorten it with limit or with start and end',
    );
  if (cursor?.direction === 'newer')
    throw deviceErrors.problem(
      'invalid_cursor',
      'cursor is a prev_cursor, and a stream goes from newer to older rows: give a next_cursor.',
    );
}

function fault(name: string, message: string) {
  return commonErrors.problem('validation_failed', `querystring.${name} ${message}`, {
    faults: [{ path: `querystring.${name}`, message }],
  });
}

import type { StoredFile } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import { commonErrors } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import type { FilesDeps } from '../deps.ts';
import { FileRow, fileColumns } from '../file-row.ts';

const statementFor = (name: string, condition: string) =>
  rows(
    name,
    FileRow,
    `SELECT ${fileColumns} FROM files WHERE (created_at, id) < ($1::timestamptz, $2::uuid)${condition}
     ORDER BY created_at DESC, id DESC LIMIT $3`,
  );

/** One statement for each filter, so that each has the plan of its index. */
const statements = {
  none: statementFor('files.list', ''),
  owner_id: statementFor('files.list_by_owner', ' AND owner_id = $4'),
  workflow_id: statementFor('files.list_by_workflow', ' AND workflow_id = $4'),
  plate_id: statementFor('files.list_by_plate', ' AND plate_id = $4'),
};

export interface ListRequest {
  limit: number;
  cursor?: string;
  owner_id?: string;
  workflow_id?: string;
  plate_id?: string;
}

const place = [/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/, /^[0-9a-f-]{36}$/];
const first = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

/** Newest first. Throws `invalid_cursor`. */
export async function listFiles(
  { db }: FilesDeps,
  request: ListRequest,
): Promise<{ files: StoredFile[]; next_cursor: string | null }> {
  const filters = (['owner_id', 'workflow_id', 'plate_id'] as const).filter(
    (name) => request[name] !== undefined,
  );
  const [filter = 'none', second] = filters;
  if (second)
    throw commonErrors.problem('validation_failed', `Ask by ${filter} or by ${second}, not by both.`, {
      faults: [{ path: `query.${second}`, message: `goes not together with ${filter}` }],
    });
  const value = filter === 'none' ? undefined : request[filter];
  const list = `files ${filter} ${value ?? ''}`;
  const from = request.cursor === undefined ? first : decodeCursor(list, request.cursor, place);
  if (from !== first && Number.isNaN(Date.parse(from[0] ?? '')))
    throw fileErrors.problem(
      'invalid_cursor',
      'The cursor names a time that never was. Use `next_cursor` unchanged.',
    );
  const found = await db.query(statements[filter], [
    ...from,
    request.limit + 1,
    ...(value === undefined ? [] : [value]),
  ]);
  const files = found.slice(0, request.limit);
  const last = files.at(-1);
  return {
    files,
    next_cursor: found.length > files.length && last ? encodeCursor(list, [last.created_at, last.id]) : null,
  };
}

import { Result, type Result as ResultRow } from '@labwright/contract-hub/files';
import { commonErrors } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import type { FilesDeps } from '../deps.ts';

const statementFor = (column: Filter) =>
  rows(
    `files.results_by_${column}`,
    Result,
    `SELECT id, file_id, line, workflow_id, plate_id, device_id, well, measurement, value, unit, note
     FROM file_results WHERE ${column} = $1 AND id > $2::bigint ORDER BY id LIMIT $3`,
  );

const filters = ['file_id', 'workflow_id', 'plate_id'] as const;
type Filter = (typeof filters)[number];

/** Each walks the index of its column: file_results_of_file, file_results_of_workflow, file_results_of_plate. */
const statements: Record<Filter, ReturnType<typeof statementFor>> = {
  file_id: statementFor('file_id'),
  workflow_id: statementFor('workflow_id'),
  plate_id: statementFor('plate_id'),
};

export interface ResultsRequest {
  limit: number;
  cursor?: string;
  file_id?: string;
  workflow_id?: string;
  plate_id?: string;
}

/** In the order in which they were read. Asked by exactly one of file, workflow and plate. Throws `invalid_cursor`. */
export async function listResults(
  { db }: FilesDeps,
  request: ResultsRequest,
): Promise<{ results: ResultRow[]; next_cursor: string | null }> {
  const given = filters.filter((name) => request[name] !== undefined);
  const [filter] = given;
  if (!filter || given.length > 1)
    throw commonErrors.problem('validation_failed', 'Ask by one of file_id, workflow_id and plate_id.', {
      faults: [
        {
          path: `query.${given[1] ?? 'file_id'}`,
          message: 'exactly one of file_id, workflow_id and plate_id',
        },
      ],
    });
  const list = `results ${filter} ${request[filter]}`;
  const [after] = request.cursor === undefined ? ['0'] : decodeCursor(list, request.cursor, [/^\d{1,18}$/]);
  const found = await db.query(statements[filter], [request[filter], after, request.limit + 1]);
  const results = found.slice(0, request.limit);
  const last = results.at(-1);
  return {
    results,
    next_cursor: found.length > results.length && last ? encodeCursor(list, [last.id]) : null,
  };
}

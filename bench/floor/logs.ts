import type { Client, Pool } from 'pg';

const columns =
  'id, execution_id, device_id, device_type, workflow_id, operation, parameters, fencing_token, status, result, ' +
  'error, started_at, finished_at, duration_ms';

/** The index by time has the order that is wanted. */
const walk = (limit: number) =>
  `SELECT ${columns} FROM execution_logs
   WHERE (started_at, id) < ($1::timestamptz, $2::bigint) AND started_at >= $3::timestamptz
   ORDER BY started_at DESC, id DESC LIMIT ${limit}`;

const pageRows = 51;
const batchRows = 1_000;
const page = { name: 'page', text: walk(pageRows) };
const batch = { name: 'batch', text: walk(batchRows) };

/** For the planner, as the service has it: the index is there, follow it. */
export const followIndexes =
  '-c timezone=UTC -c enable_sort=off -c enable_bitmapscan=off -c jit=off -c plan_cache_mode=force_generic_plan';

/** The first page of a day, as the bare driver reads it: a named prepared statement, rows as the driver makes them. */
export async function readDay(client: Client | Pool, day: string): Promise<unknown[]> {
  const until = new Date(Date.parse(day) + 86_400_000);
  const { rows } = await client.query({ ...page, values: [until, 0, day] });
  return rows;
}

/** Reads so many rows, newest first, a thousand at a time, and makes a line of JSON of each; answers the bytes. */
export async function readNewest(client: Client, count: number): Promise<number> {
  let from = ['infinity', '0'];
  let bytes = 0;
  for (let read = 0; read < count; read += batchRows) {
    const { rows } = await client.query({ ...batch, values: [...from, '-infinity'] });
    bytes += Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')).length;
    const last = rows.at(-1);
    if (!last) break;
    from = [last.started_at, last.id];
  }
  return bytes;
}

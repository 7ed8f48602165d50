import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Part } from './archive/tar.ts';
import type { DatabaseHead } from './contents.ts';
import { ownTables, quoted } from './cut.ts';

/** Bytes of a part; one row more at most. */
const partBytes = 1024 ** 2;

/** What there is in a database, seen from its snapshot. `service` names it in the archive. */
export async function describeDatabase(service: string, client: pg.Client): Promise<DatabaseHead> {
  const [version, migrations, columns, sequences] = [
    await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`),
    await migrationsOf(client),
    await client.query<{ table: string; columns: string[] }>(
      `SELECT c.relname::text AS table, array_agg(a.attname::text ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
         AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       GROUP BY c.relname`,
    ),
    await client.query<{ name: string; last: string }>(
      `SELECT sequencename::text AS name, coalesce(last_value, start_value)::text AS last
       FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1`,
    ),
  ];
  const columnsOf = new Map(columns.rows.map(({ table, columns: names }) => [table, names]));
  const tables = (await ownTables(client)).map((name) => ({ name, columns: columnsOf.get(name) ?? [] }));
  return {
    service,
    postgres: version.rows[0]?.version ?? '',
    migrations,
    tables,
    sequences: sequences.rows,
  };
}

/** None where no service was ever started with the database. */
async function migrationsOf(client: pg.Client): Promise<DatabaseHead['migrations']> {
  const known = await client.query(`SELECT FROM pg_class WHERE oid = to_regclass('schema_migrations')`);
  if (known.rowCount === 0) return [];
  const { rows } = await client.query<DatabaseHead['migrations'][number]>(
    'SELECT set_name, number, name, checksum FROM schema_migrations ORDER BY set_name, number',
  );
  return rows;
}

/** Bytes on the disk of the server, for the progress. */
export async function sizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT coalesce(sum(pg_table_size(oid)), 0)::text AS bytes FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'p'`,
  );
  return Number(rows[0]?.bytes ?? 0);
}

/** The rows of a table as PostgreSQL's COPY writes them, in parts of whole rows. Answers how many there are. */
export async function dumpTable(
  client: pg.Client,
  service: string,
  table: DatabaseHead['tables'][number],
  add: (part: Part) => Promise<void>,
): Promise<number> {
  const columns = table.columns.map(quoted).join(', ');
  const stream = client.query(copyTo(`COPY ${quoted(table.name)} (${columns}) TO STDOUT`));
  let rows = 0;
  let number = 0;
  let gathered: Buffer[] = [];
  let bytes = 0;
  const flush = async () => {
    if (bytes === 0) return;
    number += 1;
    await add({ name: partName(service, table.name, number), data: Buffer.concat(gathered) });
    gathered = [];
    bytes = 0;
  };
  // The server sends one row a message, and a stream cuts where it likes: a part ends behind the last whole row.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes < partBytes) continue;
    const end = chunk.lastIndexOf(10) + 1;
    if (end === 0) continue;
    gathered[gathered.length - 1] = chunk.subarray(0, end);
    const rest = chunk.subarray(end);
    bytes -= rest.length;
    await flush();
    if (rest.length > 0) {
      gathered = [rest];
      bytes = rest.length;
    }
  }
  await flush();
  return rows;
}

const partName = (service: string, table: string, number: number) =>
  `${service}/${table}/${String(number).padStart(8, '0')}.copy`;

/** The table that a part belongs to; undefined for a part of something else. */
export function tableOfPart(name: string): { service: string; table: string } | undefined {
  const [, service, table] = /^([\w-]+)\/([\w-]+)\/\d{8}\.copy$/.exec(name) ?? [];
  return service && table ? { service, table } : undefined;
}

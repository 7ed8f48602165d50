import { once } from 'node:events';
import type pg from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import type { DatabaseHead } from '../contents.ts';
import { quoted } from '../cut.ts';
import { layBare, makeSchema, renewSchema } from './schema.ts';

export interface DatabaseLoader {
  /** Rows of a table, as they stand in the archive. */
  write(table: string, data: Buffer): Promise<void>;
  /** All rows are there: keys, indexes and triggers are put back, the schema brought to today's. Answers the rows of each table. */
  finish(): Promise<Map<string, number>>;
}

/** Fills an empty schema, within the transaction that `client` is in. */
export async function loadDatabase(client: pg.Client, head: DatabaseHead): Promise<DatabaseLoader> {
  await makeSchema(client, head);
  const bare = await layBare(client);
  const rows = new Map<string, number>();
  let current: { table: string; stream: CopyStreamQuery; failure: Promise<never> } | undefined;

  const end = async () => {
    if (!current) return;
    const { table, stream, failure } = current;
    current = undefined;
    stream.end();
    await Promise.race([once(stream, 'finish'), failure]);
    rows.set(table, stream.rowCount);
  };

  const begin = (table: string) => {
    const found = head.tables.find(({ name }) => name === table);
    if (!found) throw new Error(`The archive has rows of "${table}", which it does not describe.`);
    const columns = found.columns.map(quoted).join(', ');
    const stream = client.query(copyFrom(`COPY ${quoted(table)} (${columns}) FROM STDIN`));
    // The server may refuse a row while nothing is waited for.
    const failure = new Promise<never>((_, reject) => stream.once('error', reject));
    failure.catch(() => {});
    current = { table, stream, failure };
    return current;
  };

  return {
    write: async (table, data) => {
      if (current?.table !== table) await end();
      const { stream, failure } = current ?? begin(table);
      if (!stream.write(data)) await Promise.race([once(stream, 'drain'), failure]);
    },
    finish: async () => {
      await end();
      await bare.putBack();
      await goBeyond(client, head);
      await renewSchema(client, head);
      if (head.tables.length === 0) return rows;
      // By name: without one it would look at what all databases share, and wait for the transactions of the others.
      await client.query(`ANALYZE ${head.tables.map(({ name }) => quoted(name)).join(', ')}`);
      return rows;
    },
  };
}

/**
 * Numbers that were given away after the moment of the backup are not given again: they stand on printed labels, in messages and in what other
 * programs have noted. Where there is room for it every sequence goes on a thousand million further, else a million.
 */
async function goBeyond(client: pg.Client, { sequences }: DatabaseHead): Promise<void> {
  for (const { name, last } of sequences)
    await client.query(
      `SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
                     least(max_value, $2::bigint + increment_by * CASE
                       WHEN (max_value - $2::bigint) / increment_by > 1000000000000000 THEN 1000000000 ELSE 1000000 END))
       FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = $1`,
      [name, last],
    );
}

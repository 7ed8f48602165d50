import { checkApplied, type MigrationSet, migrateWithin, readMigrations } from '@labwright/kernel/migrate';
import type pg from 'pg';
import { queryableOf } from '../connect.ts';
import type { DatabaseHead } from '../contents.ts';
import { ownTables, quoted } from '../cut.ts';
import { migrationSets } from '../services.ts';

/** Throws a sentence where the backup has migrations that this program does not know. */
export async function checkMigrations(databases: readonly DatabaseHead[]): Promise<void> {
  for (const { service, migrations } of databases) {
    for (const name of new Set(migrations.map(({ set_name }) => set_name))) {
      const set = migrationSets.find((known) => known.name === name);
      if (!set)
        throw new Error(
          `The backup has tables of "${name}" in the database of ${service}, which this program does not know: it was made by a newer Labwright. Restore it with that version.`,
        );
      const applied = migrations.filter(({ set_name }) => set_name === name);
      checkApplied(set, await readMigrations(set), applied);
    }
  }
}

/** The tables as they were when the backup was made, all empty. */
export async function makeSchema(client: pg.Client, { migrations }: DatabaseHead): Promise<void> {
  const through = new Map<string, number>();
  for (const { set_name, number } of migrations)
    through.set(set_name, Math.max(number, through.get(set_name) ?? 0));
  await migrateWithin(queryableOf(client), migrationSets, through);
}

/** The newest schema of those sets that the database carries. What a service wants beside them it makes at its start. */
export async function renewSchema(client: pg.Client, { migrations }: DatabaseHead): Promise<void> {
  const carried = new Set(migrations.map(({ set_name }) => set_name));
  const sets: MigrationSet[] = migrationSets.filter(({ name }) => carried.has(name));
  await migrateWithin(queryableOf(client), sets);
}

/**
 * Takes away what is slow or in the way while rows come in as they were: triggers, foreign keys and indexes that keep no constraint.
 * `putBack` makes them anew, and fails where the rows contradict them.
 */
export async function layBare(client: pg.Client): Promise<{ putBack(): Promise<void> }> {
  const tables = await ownTables(client);
  const { rows: triggers } = await client.query<{ table: string; name: string; enabled: string }>(
    `SELECT c.relname::text AS table, t.tgname::text AS name, t.tgenabled::text AS enabled
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace`,
  );
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS table, conname::text AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
  );
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)`,
  );
  for (const { table, name } of triggers)
    await client.query(`ALTER TABLE ${quoted(table)} DISABLE TRIGGER ${quoted(name)}`);
  for (const { table, name } of keys)
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(name)}`);
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  // What migrations put in is among the rows of the backup.
  await client.query(`TRUNCATE ${tables.map(quoted).join(', ')}`);

  const states: Record<string, string> = { O: 'ENABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' };
  return {
    putBack: async () => {
      for (const { definition } of indexes) await client.query(definition);
      for (const { table, name, definition } of keys)
        await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${quoted(name)} ${definition}`);
      for (const { table, name, enabled } of triggers) {
        const state = states[enabled];
        if (state) await client.query(`ALTER TABLE ${quoted(table)} ${state} TRIGGER ${quoted(name)}`);
      }
    },
  };
}

/** Takes away all tables, types, functions and sequences of the schema. */
export async function dropEverything(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ drop: string }>(
    `SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) AS drop FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
     UNION ALL
     SELECT format('DROP SEQUENCE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S'
     UNION ALL
     SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p
     WHERE p.pronamespace = current_schema()::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
     UNION ALL
     SELECT format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype) FROM pg_type
     WHERE typnamespace = current_schema()::regnamespace AND typtype = 'e'`,
  );
  for (const { drop } of rows) await client.query(drop);
}

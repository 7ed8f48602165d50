import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Type from 'typebox';
import type { Db, Queryable } from './db.ts';
import { command, rows } from './statement.ts';

/** A folder of `0001_what_it_does.sql` files, numbered without gaps. */
export interface MigrationSet {
  /** Each set counts for itself: a database may carry several. */
  readonly name: string;
  readonly folder: string;
}

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

const tableSql = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    set_name   text        NOT NULL,
    number     integer     NOT NULL,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (set_name, number)
  )`;

/** Any constant will do, as long as every process takes the same. */
const lock = command('kernel.migrate.lock', 'SELECT pg_advisory_xact_lock(5001500250)');

const applied = rows(
  'kernel.migrate.applied',
  Type.Object({ number: Type.Integer(), name: Type.String(), checksum: Type.String() }),
  'SELECT number, name, checksum FROM schema_migrations WHERE set_name = $1 ORDER BY number',
);

const record = command(
  'kernel.migrate.record',
  'INSERT INTO schema_migrations (set_name, number, name, checksum) VALUES ($1, $2, $3, $4)',
);

/** A restore makes this table with the first row, and drops it when everything is in its place. */
const restoreUnfinished = rows(
  'kernel.migrate.unfinished_restore',
  Type.Object({ unfinished: Type.Boolean() }),
  "SELECT to_regclass('restore_unfinished') IS NOT NULL AS unfinished",
);

/**
 * Brings the database to the newest schema. One transaction under one lock: of several processes that start at
 * once one migrates and the others wait; a migration that fails leaves the schema as it was.
 * Throws `MigrationError` where an applied file was edited, where the database is newer than this program, or where it was restored in part only.
 */
export async function migrate(db: Db, sets: readonly MigrationSet[]): Promise<{ applied: string[] }> {
  let done: string[] = [];
  await db.transaction(
    async (tx) => {
      await tx.execute(lock);
      if ((await tx.first(restoreUnfinished))?.unfinished)
        throw new MigrationError(
          'A restore of this laboratory did not come to its end. Run it again: labwright restore FILE --replace.',
        );
      done = await migrateWithin(tx, sets);
    },
    { statementTimeout: 600_000 },
  );
  return { applied: done };
}

/**
 * The same in a transaction of the caller, who has the database for himself. `through`: of each set no more than so many migrations, and
 * of a set that it does not name none.
 */
export async function migrateWithin(
  tx: Queryable,
  sets: readonly MigrationSet[],
  through?: ReadonlyMap<string, number>,
): Promise<string[]> {
  const done: string[] = [];
  const loaded = await Promise.all(sets.map(async (set) => ({ set, files: await readMigrations(set) })));
  await tx.raw(tableSql);
  for (const { set, files } of loaded) {
    const before = await tx.query(applied, [set.name]);
    checkApplied(set, files, before);
    for (const file of files.slice(before.length, through ? (through.get(set.name) ?? 0) : undefined)) {
      await tx.raw(file.sql);
      await tx.execute(record, [set.name, file.number, file.name, file.checksum]);
      done.push(`${set.name}/${file.name}`);
    }
  }
  return done;
}

interface Migration {
  number: number;
  name: string;
  checksum: string;
}

/** Throws `MigrationError` where what was applied is not what we have. */
export function checkApplied(
  set: MigrationSet,
  files: readonly Migration[],
  before: readonly Migration[],
): void {
  for (const row of before) {
    const file = files[row.number - 1];
    if (!file)
      throw new MigrationError(
        `The database carries migration ${row.name} of "${set.name}", which this program does not know: it was made by a newer Labwright. Start that version, or restore a backup made before.`,
      );
    if (file.checksum !== row.checksum)
      throw new MigrationError(
        `Migration ${row.name} of "${set.name}" was edited after it had been applied. Put the file back as it was, and make the change in a new migration.`,
      );
  }
}

/** The files of a set, in their order. */
export async function readMigrations(set: MigrationSet) {
  const names = (await readdir(set.folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(name.slice(0, 4));
      if (number !== index + 1)
        throw new MigrationError(
          `The migrations of "${set.name}" are not numbered without gaps: see ${name}`,
        );
      const sql = await readFile(join(set.folder, name), 'utf8');
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

import type { Static, TObject } from 'typebox';

/**
 * One SQL statement, written as SQL. Its name makes PostgreSQL keep the plan (named prepared statement), its
 * row schema is both the TypeScript type of a row and what `checkStatements` compares with the columns that
 * the migrated database really answers.
 */
export interface Statement<Row> {
  /** Unique, at most 63 bytes (the length of a PostgreSQL identifier). */
  readonly name: string;
  readonly text: string;
  /** Null where the statement answers no rows. */
  readonly schema: TObject | null;
  /** Only a type: no value is ever here. */
  readonly row?: Row;
}

const registry = new Map<string, Statement<unknown>>();

/** Every statement declared so far, for the test that prepares them all. */
export const declaredStatements = (): Statement<unknown>[] => [...registry.values()];

function declare<Row>(name: string, schema: TObject | null, text: string): Statement<Row> {
  if (Buffer.byteLength(name) > 63) throw new Error(`The statement name "${name}" is longer than 63 bytes`);
  const known = registry.get(name);
  if (known && known.text !== text) throw new Error(`Two statements are named "${name}"`);
  const made: Statement<Row> = { name, text, schema };
  registry.set(name, made);
  return made;
}

/** A statement that answers rows of this shape. */
export function rows<S extends TObject>(name: string, schema: S, text: string): Statement<Static<S>> {
  return declare<Static<S>>(name, schema, text);
}

/** A statement that answers no rows: only how many it changed. */
export function command(name: string, text: string): Statement<never> {
  return declare<never>(name, null, text);
}

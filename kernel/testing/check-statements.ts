import pg from 'pg';
import type { TSchema } from 'typebox';
import { declaredStatements, type Statement } from '../statement.ts';

interface Column {
  name: string;
  dataTypeID: number;
}

/**
 * Prepares every declared statement against the migrated database and compares the columns that it would answer
 * with its row schema. Returns one sentence for each difference; none means that types and SQL agree.
 * Import the modules whose statements are meant before calling it; `which` picks by name where more are imported with them.
 */
export async function checkStatements(
  url: string,
  which: (name: string) => boolean = () => true,
): Promise<{ checked: number; faults: string[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const faults: string[] = [];
  const statements = declaredStatements().filter(({ name }) => which(name));
  try {
    for (const statement of statements) {
      try {
        faults.push(...compare(statement, await describe(client, statement.text)));
      } catch (error) {
        faults.push(
          `${statement.name} cannot be prepared: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
  } finally {
    await client.end();
  }
  return { checked: statements.length, faults };
}

/** Asks the server for the columns of a statement without running it (Parse, Describe, Sync). */
function describe(client: pg.Client, text: string): Promise<Column[]> {
  return new Promise((resolve, reject) => {
    let columns: Column[] = [];
    const query = {
      submit(connection: pg.Connection) {
        const wire = connection as unknown as {
          parse(query: { name: string; text: string; types: never[] }): void;
          describe(target: { type: 'S'; name: string }): void;
          sync(): void;
        };
        wire.parse({ name: '', text, types: [] });
        wire.describe({ type: 'S', name: '' });
        wire.sync();
      },
      handleRowDescription(message: { fields: Column[] }) {
        columns = message.fields;
      },
      handleError(error: Error) {
        reject(error);
      },
      handleReadyForQuery() {
        resolve(columns);
      },
      callback() {},
    };
    client.query(query as unknown as pg.Submittable);
  });
}

function compare(statement: Statement<unknown>, columns: readonly Column[]): string[] {
  columns = columns.filter((column) => column.dataTypeID !== voidType);
  if (!statement.schema)
    return columns.length > 0 ? [`${statement.name} answers columns, yet declares no row`] : [];
  const faults: string[] = [];
  const wanted = new Map(Object.entries(statement.schema.properties as Record<string, TSchema>));
  for (const { name, dataTypeID } of columns) {
    const schema = wanted.get(name);
    wanted.delete(name);
    if (!schema) faults.push(`${statement.name}: the column ${name} is not in the row type`);
    else if (!accepts(schema, dataTypeID))
      faults.push(
        `${statement.name}: ${name} is ${JSON.stringify(schema)} and the column has type ${dataTypeID}`,
      );
  }
  for (const name of wanted.keys()) faults.push(`${statement.name}: ${name} of the row type is no column`);
  return faults;
}

/** What functions like `pg_advisory_xact_lock` answer: a column without a value. */
const voidType = 2278;

/** Types that migrations made are enums, which come as text. */
const firstOwnType = 16_384;

/** JSON kinds by PostgreSQL type, as `pg-types.ts` parses them. */
const kinds = new Map<number, readonly string[]>([
  [16, ['boolean']],
  [20, ['string']],
  [21, ['integer', 'number']],
  [23, ['integer', 'number']],
  [25, ['string']],
  [114, ['object', 'array']],
  [700, ['number']],
  [701, ['number']],
  [1009, ['array']],
  [1016, ['array']],
  [1007, ['array']],
  [1022, ['array']],
  [1043, ['string']],
  [1082, ['string']],
  [1114, ['string']],
  [1184, ['string']],
  [1700, ['number']],
  [2950, ['string']],
  [3802, ['object', 'array']],
  [5069, ['string']],
]);

function accepts(schema: TSchema, oid: number): boolean {
  const kindsOfColumn = kinds.get(oid) ?? (oid >= firstOwnType ? ['string'] : undefined);
  if (!kindsOfColumn) return false;
  const shape = schema as { type?: string; anyOf?: TSchema[]; enum?: unknown[]; const?: unknown };
  if (shape.anyOf) return shape.anyOf.some((branch) => accepts(branch, oid));
  if (shape.enum) return kindsOfColumn.includes(typeof shape.enum[0]);
  if (shape.const !== undefined) return kindsOfColumn.includes(typeof shape.const);
  if (shape.type === undefined) return true;
  return kindsOfColumn.includes(shape.type);
}

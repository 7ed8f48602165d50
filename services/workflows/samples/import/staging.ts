import { randomBytes } from 'node:crypto';
import type { Clock } from '@labwright/kernel/clock';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { usualPlate } from '../plates.ts';
import type { ImportRow } from './read-row.ts';

/**
 * The tables in which one attempt to import a file gathers its rows. They are written in short transactions of their
 * own, a batch each: a long one would hold back everybody who waits for older transactions to end.
 */

const dayMs = 86_400_000;
/** Milliseconds; a whole file moves in one statement. */
const bulkTimeout = 600_000;

/** A UUID of version 7 (RFC 9562): ascending by time, so that what is old is found by the primary key. */
function uuidAt(ms: number, random: Buffer): string {
  const time = Math.trunc(ms).toString(16).padStart(12, '0');
  const rest = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

export const newImportId = (clock: Clock): string => uuidAt(clock.now(), randomBytes(9));

const claim = command(
  'samples.import.claim',
  `INSERT INTO sample_import_claims (import_id, claim, line)
   SELECT $1, c.claim, c.line FROM unnest($2::text[], $3::integer[]) AS c (claim, line)
   ON CONFLICT DO NOTHING`,
);

const RowFacts = Type.Object({
  line: Type.Integer(),
  /** The first line of the file that names the barcode, and whether a sample has it. */
  barcode_line: nullable(Type.Integer()),
  barcode_exists: Type.Boolean(),
  /** Rows and columns of the plate, null where there is none. */
  plate_size: nullable(Type.Array(Type.Integer())),
  /** The first line of the file that names the well, and the barcode of the sample that stands in it. */
  well_line: nullable(Type.Integer()),
  well_taken_by: nullable(Type.String()),
});
/** What the database knows about a row. */
export type RowFacts = Static<typeof RowFacts>;

/**
 * One look-up by a unique index for each question: `sample_import_claims_pkey`, `samples_barcode`, `plates_pkey`,
 * `samples_one_a_well`. Scalar subqueries, because the planner can't turn them round.
 */
const facts = rows(
  'samples.import.facts',
  RowFacts,
  `SELECT r.line,
     (SELECT c.line FROM sample_import_claims AS c
      WHERE c.import_id = $1 AND c.claim = 'barcode ' || r.barcode) AS barcode_line,
     (SELECT s.id FROM samples AS s WHERE s.barcode = r.barcode) IS NOT NULL AS barcode_exists,
     (SELECT ARRAY[p.rows, p.columns] FROM plates AS p WHERE p.id = r.plate_id) AS plate_size,
     (SELECT c.line FROM sample_import_claims AS c
      WHERE c.import_id = $1 AND c.claim = 'well ' || r.plate_id || ' ' || r.well) AS well_line,
     (SELECT s.barcode FROM samples AS s WHERE s.plate_id = r.plate_id AND s.well = r.well) AS well_taken_by
   FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[]) AS r (line, barcode, plate_id, well)`,
);

/** What a row lays claim to. A row that is bad elsewhere does too: who mends it wants it to be free. */
function claimsOf({ barcode, plate_id, well, line }: ImportRow): { claim: string; line: number }[] {
  return [
    ...(barcode === null ? [] : [{ claim: `barcode ${barcode}`, line }]),
    ...(plate_id === null || well === null ? [] : [{ claim: `well ${plate_id} ${well}`, line }]),
  ];
}

/** Enters the claims of these rows and answers what is known about each. Batches come in the order of lines. */
export async function claimAndLookUp(
  db: Db,
  importId: string,
  batch: readonly ImportRow[],
): Promise<Map<number, RowFacts>> {
  const claims = batch.flatMap(claimsOf);
  if (batch.every((row) => row.barcode === null && row.plate_id === null)) return new Map();
  const found = await db.transaction(async (tx) => {
    const [, , answer] = await Promise.all([
      // Plans are kept: one made while a table is small must not be one that reads it all when it has grown.
      tx.raw('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off'),
      tx.execute(claim, [importId, claims.map((c) => c.claim), claims.map((c) => c.line)]),
      tx.query(facts, [
        importId,
        batch.map((row) => row.line),
        batch.map((row) => row.barcode),
        batch.map((row) => row.plate_id),
        batch.map((row) => row.well),
      ]),
    ]);
    return answer;
  });
  return new Map(found.map((row) => [row.line, row]));
}

const stage = command(
  'samples.import.stage',
  `INSERT INTO sample_import_rows (import_id, line, barcode, sample_type, plate_id, well, volume_ul, new_plate)
   SELECT $1, r.line, r.barcode, r.sample_type, r.plate_id, r.well, r.volume_ul, r.new_plate
   FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::boolean[])
     AS r (line, barcode, sample_type, plate_id, well, volume_ul, new_plate)`,
);

/** Lays good rows by until all of the file is known. */
export async function stageRows(
  db: Db,
  importId: string,
  good: readonly { row: ImportRow; newPlate: boolean }[],
): Promise<void> {
  await db.execute(stage, [
    importId,
    good.map(({ row }) => row.line),
    good.map(({ row }) => row.barcode),
    good.map(({ row }) => row.sample_type),
    good.map(({ row }) => row.plate_id),
    good.map(({ row }) => row.well),
    good.map(({ row }) => row.volume_ul),
    good.map(({ newPlate }) => newPlate),
  ]);
}

const makePlates = rows(
  'samples.import.make_plates',
  Type.Object({ all_made: Type.Boolean() }),
  `WITH wanted AS (
     SELECT DISTINCT plate_id FROM sample_import_rows WHERE import_id = $1 AND new_plate
   ), made AS (
     INSERT INTO plates (id, name, rows, columns)
     SELECT plate_id, plate_id, $2::integer, $3::integer FROM wanted ORDER BY plate_id
     ON CONFLICT DO NOTHING RETURNING 1
   )
   SELECT (SELECT count(*) FROM wanted) = (SELECT count(*) FROM made) AS all_made`,
);

const moveRows = command(
  'samples.import.move',
  `INSERT INTO samples (barcode, sample_type, plate_id, well, volume_ul)
   SELECT barcode, sample_type, plate_id, well, volume_ul
   FROM sample_import_rows WHERE import_id = $1 ORDER BY line
   ON CONFLICT DO NOTHING`,
);

/**
 * Makes samples, and the plates that they need, of the rows laid by. False where others were quicker with a barcode,
 * a well or a plate since the rows were checked: the transaction must be given up then.
 */
export async function moveIntoSamples(tx: Queryable, importId: string, count: number): Promise<boolean> {
  const plates = await tx.first(makePlates, [importId, usualPlate.rows, usualPlate.columns]);
  return plates?.all_made === true && (await tx.execute(moveRows, [importId])) === count;
}

const clearRows = command('samples.import.clear_rows', 'DELETE FROM sample_import_rows WHERE import_id = $1');
const clearClaims = command(
  'samples.import.clear_claims',
  'DELETE FROM sample_import_claims WHERE import_id = $1',
);
const sweepRows = command('samples.import.sweep_rows', 'DELETE FROM sample_import_rows WHERE import_id < $1');
const sweepClaims = command(
  'samples.import.sweep_claims',
  'DELETE FROM sample_import_claims WHERE import_id < $1',
);

export const bulk = { statementTimeout: bulkTimeout } as const;

/** Takes away what an attempt laid by. */
export async function clearStaging(db: Db, importId: string): Promise<void> {
  for (const clear of [clearRows, clearClaims])
    await db.transaction((tx) => tx.execute(clear, [importId]), bulk);
}

/** Takes away what attempts of more than a day ago left behind: their process died. */
export async function sweepStaging(db: Db, clock: Clock): Promise<void> {
  const before = uuidAt(clock.now() - dayMs, Buffer.alloc(9));
  for (const sweep of [sweepRows, sweepClaims])
    await db.transaction((tx) => tx.execute(sweep, [before]), bulk);
}

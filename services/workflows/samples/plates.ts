import { auditContext, auditSql } from '@labwright/audit';
import { ListedSample, Plate, type PlateWithSamples, workflowErrors } from '@labwright/contract-workflows';
import { type Db, isUniqueViolation, type Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { decodeCursor, encodeCursor } from './cursors.ts';
import { listedColumns } from './find-samples.ts';
import type { PageRequest } from './list-samples.ts';
import { plateIdShape } from './shapes.ts';
import { compareWells, type PlateSize } from './wells.ts';

/** What a plate is where nobody says otherwise: 96 wells. */
export const usualPlate: PlateSize = { rows: 8, columns: 12 };

const plateColumns = 'plates.id, plates.name, plates.rows, plates.columns, plates.created_at';

const insert = rows(
  'samples.plates.create',
  Plate,
  `WITH made AS (
     INSERT INTO plates (id, name, rows, columns, action_id) VALUES ($1, $2, $3, $4, $5) RETURNING *
   ), audit AS (
     ${auditSql({
       action: `'plate.create'`,
       subject: `'plate:' || id`,
       after: `jsonb_build_object('name', name, 'rows', rows, 'columns', columns)`,
       context: '$6',
       from: 'made',
     })}
   )
   SELECT ${plateColumns} FROM made AS plates`,
);

const find = rows(
  'samples.plates.find',
  Type.Object({ ...Plate.properties, action_id: Type.Union([Type.String(), Type.Null()]) }),
  `SELECT ${plateColumns}, plates.action_id FROM plates WHERE id = $1`,
);

/** By `plates_pkey`. */
const list = rows(
  'samples.plates.list',
  Plate,
  `SELECT ${plateColumns} FROM plates WHERE id > $2 ORDER BY id LIMIT $1`,
);

/** By `samples_one_a_well`; a plate has at most 1,536 wells. */
const samplesOn = rows(
  'samples.plates.samples',
  ListedSample,
  `SELECT ${listedColumns} FROM samples WHERE plate_id = $1 LIMIT 1536`,
);

const listName = ['plates'];

/** The plate, or undefined where there is none of this id. */
export async function findPlate(db: Queryable, id: string): Promise<Plate | undefined> {
  const found = await db.first(find, [id]);
  if (!found) return undefined;
  const { action_id: _made, ...plate } = found;
  return plate;
}

/**
 * Adds a plate; 8 × 12 and named like its id where nothing else is said. The same request sent again (`actionId`)
 * finds the plate that it made. Throws `plate_exists`.
 */
export async function createPlate(
  db: Db,
  actionId: string,
  request: { id: string; name?: string; rows?: number; columns?: number },
): Promise<Plate> {
  const wanted = { name: request.id, ...usualPlate, ...request };
  try {
    const made = await db.first(insert, [
      wanted.id,
      wanted.name,
      wanted.rows,
      wanted.columns,
      actionId,
      auditContext(),
    ]);
    if (!made) throw new Error('INSERT … RETURNING answered no row');
    return made;
  } catch (error) {
    if (!isUniqueViolation(error, 'plates_pkey')) throw error;
    const known = await db.first(find, [request.id]);
    if (known?.action_id !== actionId)
      throw workflowErrors.problem('plate_exists', `There is a plate ${request.id} already.`);
    const { action_id: _made, ...plate } = known;
    return plate;
  }
}

/** One page of plates in the order of their ids. Throws `invalid_cursor`. */
export async function listPlates(
  db: Db,
  page: PageRequest,
): Promise<{ plates: Plate[]; next_cursor: string | null }> {
  const position = decodeCursor(listName, page.cursor, '', plateIdShape);
  const found = await db.query(list, [page.limit + 1, position]);
  const plates = found.slice(0, page.limit);
  const last = found.length > page.limit ? plates.at(-1) : undefined;
  return { plates, next_cursor: last ? encodeCursor(listName, last.id) : null };
}

/** A plate with its samples, `A1` first, row by row. Throws `plate_not_found`. */
export async function plateWithSamples(db: Db, id: string): Promise<PlateWithSamples> {
  const possible = plateIdShape.test(id);
  const [plate, samples] = possible
    ? await Promise.all([findPlate(db, id), db.query(samplesOn, [id])])
    : [undefined, []];
  if (!plate) throw workflowErrors.problem('plate_not_found', `There is no plate ${id}.`);
  return { ...plate, samples: samples.sort((a, b) => compareWells(a.well ?? '', b.well ?? '')) };
}

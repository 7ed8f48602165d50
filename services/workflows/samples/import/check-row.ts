import { usualPlate } from '../plates.ts';
import { fits, type PlateSize } from '../wells.ts';
import { columns, type ImportFault, type ImportRow } from './read-row.ts';
import type { RowFacts } from './staging.ts';

export interface CheckedRow {
  row: ImportRow;
  /** Everything that is wrong with it, at most one fault a column, in the order of the columns. */
  faults: ImportFault[];
  /** Its plate has to be made. */
  newPlate: boolean;
}

const noPlate = 'names no plate: make it first, or import with ?create_plates=true';

/** What is wrong with a row, by its shape, within its file and beside what is there already. */
export function checkRow(row: ImportRow, known: RowFacts | undefined, createPlates: boolean): CheckedRow {
  const newPlate = createPlates && row.plate_id !== null && !known?.plate_size;
  const faults = [...row.faults];
  const add = (column: string, message: string | undefined) => {
    if (message) faults.push({ line: row.line, column, message });
  };
  if (known) {
    if (row.barcode !== null) add('barcode', barcodeFault(row, known));
    if (row.plate_id !== null && !known.plate_size && !createPlates) add('plate_id', noPlate);
    if (row.plate_id !== null && row.place) add('well', wellFault(row, known, newPlate));
  }
  return { row, newPlate, faults: faults.sort((a, b) => rank(a) - rank(b)) };
}

function barcodeFault(row: ImportRow, known: RowFacts): string | undefined {
  if (known.barcode_line !== null && known.barcode_line < row.line)
    return `stands in line ${known.barcode_line} already`;
  return known.barcode_exists ? 'is that of a sample which exists already' : undefined;
}

function wellFault(row: ImportRow, known: RowFacts, newPlate: boolean): string | undefined {
  const size = sizeOf(known, newPlate);
  if (row.place && size && !fits(row.place, size))
    return `is not on the plate, which has ${size.rows} rows and ${size.columns} columns`;
  if (known.well_line !== null && known.well_line < row.line)
    return `is taken by line ${known.well_line} already`;
  return known.well_taken_by === null ? undefined : `is taken by the sample ${known.well_taken_by} already`;
}

function sizeOf(known: RowFacts, newPlate: boolean): PlateSize | undefined {
  const [rows, columnsOfPlate] = known.plate_size ?? [];
  if (rows !== undefined && columnsOfPlate !== undefined) return { rows, columns: columnsOfPlate };
  return newPlate ? usualPlate : undefined;
}

const rank = (fault: ImportFault) => (columns as readonly string[]).indexOf(fault.column);

import type { Reading, ResultParser, Row } from '../registry.ts';
import { numberOf, wellOf } from './values.ts';

/** How instruments name a column, in lower case. */
const names = new Map<string, Column>(
  Object.entries({
    well: 'well',
    'well id': 'well',
    'well position': 'well',
    position: 'well',
    plate: 'plate_id',
    plate_id: 'plate_id',
    'plate id': 'plate_id',
    'plate barcode': 'plate_id',
    barcode: 'plate_id',
    measurement: 'measurement',
    read: 'measurement',
    label: 'measurement',
    channel: 'measurement',
    assay: 'measurement',
    value: 'value',
    result: 'value',
    signal: 'value',
    od: 'value',
    absorbance: 'value',
    fluorescence: 'value',
    luminescence: 'value',
    unit: 'unit',
    units: 'unit',
  } as const),
);

type Column = 'well' | 'plate_id' | 'measurement' | 'value' | 'unit';

/** Lines that may stand above the header: what the instrument says of itself. */
const preamble = 200;

interface Header {
  readonly places: ReadonlyMap<Column, number>;
  /** What the column of values is called, where that says what was measured. */
  readonly measurement: string;
}

/**
 * A row a value: a header with `well` and `value` (or what was measured), above it whatever the instrument says of itself.
 *
 *     Plate,Well,Measurement,Value,Unit
 *     P-17,A1,Absorbance 450 nm,0.1234,OD
 */
export const longTable: ResultParser = {
  name: 'plate-reader-table',
  recognises: (rows) => rows.slice(0, preamble).some((row) => headerOf(row) !== undefined),
  read: async function* (rows): AsyncGenerator<Reading> {
    let header: Header | undefined;
    for await (const row of rows) {
      if (header) {
        if (row.fault || row.fields.some((field) => field !== '')) yield readingOf(row, header);
      } else header = headerOf(row);
    }
  },
};

function headerOf({ fields }: Row): Header | undefined {
  const places = new Map<Column, number>();
  fields.forEach((field, at) => {
    const column = names.get(field.toLowerCase());
    if (column && !places.has(column)) places.set(column, at);
  });
  const at = places.get('value');
  if (at === undefined || !places.has('well')) return undefined;
  const title = fields[at] ?? '';
  return { places, measurement: /^(value|result|signal)$/i.test(title) ? 'value' : title };
}

function readingOf(row: Row, { places, measurement }: Header): Reading {
  const fault = (column: string | null, message: string): Reading => ({
    fault: { line: row.line, column, message },
  });
  if (row.fault) return fault(null, row.fault);
  const text = (column: Column) => row.fields[places.get(column) ?? -1] ?? '';
  const well = wellOf(text('well'));
  if (!well)
    return fault('well', `must be a well like A1 or H12, up to AF48, not "${text('well').slice(0, 40)}"`);
  const read = numberOf(text('value'));
  if (!read) return fault('value', `must be a number, not "${text('value').slice(0, 40)}"`);
  const plate = text('plate_id');
  if (plate.length > 100) return fault('plate_id', 'must have at most 100 characters');
  return {
    result: {
      line: row.line,
      plate_id: plate || null,
      well,
      measurement: (text('measurement') || measurement).slice(0, 200),
      unit: text('unit').slice(0, 50) || null,
      ...read,
    },
  };
}

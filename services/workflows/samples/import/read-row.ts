import { workflowErrors } from '@labwright/contract-workflows';
import { barcodeShape, plateIdShape, sampleTypeShape } from '../shapes.ts';
import { parseWell, type Well } from '../wells.ts';
import { type CsvRow, maxFields } from './csv-rows.ts';

export const columns = ['barcode', 'sample_type', 'plate_id', 'well', 'volume_ul'] as const;
export type Column = (typeof columns)[number];

export interface ImportFault {
  line: number;
  /** A `Column`, or `row` where the row as a whole is wrong. */
  column: string;
  message: string;
}

/** A row read by its shape alone. A value that is absent or malformed is null; `faults` tells them apart. */
export interface ImportRow {
  line: number;
  barcode: string | null;
  sample_type: string | null;
  plate_id: string | null;
  well: string | null;
  place: Well | null;
  volume_ul: number | null;
  /** At most one a column, in the order of `columns`. */
  faults: ImportFault[];
}

const required: readonly Column[] = ['barcode', 'sample_type'];
/** A decimal number without sign: no hexadecimal, no thousands separators, no decimal comma. */
const numberShape = /^\d{1,30}(\.\d{0,30})?([eE][+-]?\d{1,3})?$/;
const maxVolume = 1_000_000_000;

/** What is wrong with the text of a column, undefined where nothing is. */
const faultOf: Record<Column, (text: string) => string | undefined> = {
  barcode: (text) => (barcodeShape.test(text) ? undefined : 'must be 1 to 64 visible ASCII characters'),
  sample_type: (text) =>
    sampleTypeShape.test(text)
      ? undefined
      : 'must begin with a lower-case letter and go on in lower-case letters, digits, blanks, "_" and "-"; at most 50',
  plate_id: (text) =>
    plateIdShape.test(text) ? undefined : 'must be letters, digits, "_", "." and "-"; at most 50',
  well: (text) => (parseWell(text) ? undefined : 'must be a well like A1 or H12, up to AF48'),
  volume_ul: (text) =>
    numberShape.test(text) && Number(text) <= maxVolume
      ? undefined
      : `must be a number of microlitres from 0 to ${maxVolume}, like 12.5`,
};

/**
 * Reads the header line and answers how the rows under it are read. Throws `import_unreadable` for a column that is
 * unknown, missing or there twice.
 */
export function readHeader(header: CsvRow): (row: CsvRow) => ImportRow {
  const names = header.fields.map(trim);
  const separator = names.length === 1 ? /[;\t]/.exec(names[0] ?? '')?.[0] : undefined;
  if (separator)
    throw workflowErrors.problem(
      'import_unreadable',
      `The columns are separated by ${separator === ';' ? 'semicolons' : 'tabs'}. Save the file with commas between them.`,
      { extra: { line: header.line } },
    );
  const faults = [
    ...[...new Set(names)]
      .filter((name) => !isColumn(name))
      .map((name) => `"${name.slice(0, 60)}" is no column of it`),
    ...columns
      .filter((name) => names.indexOf(name) !== names.lastIndexOf(name))
      .map((n) => `${n} is there twice`),
    ...required.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
  ];
  if (faults.length > 0)
    throw workflowErrors.problem(
      'import_unreadable',
      `The first line must name the columns, which are ${columns.join(',')} in any order (the last three may be left out): ${faults.join('; ')}.`,
      { extra: { line: header.line } },
    );
  const places = new Map(columns.map((column) => [column, names.indexOf(column)]));
  return (row) =>
    row.fields.length === names.length
      ? readRow(row.line, (column) => trim(row.fields[places.get(column) ?? -1] ?? ''))
      : unevenRow(row, names.length);
}

function readRow(line: number, textOf: (column: Column) => string): ImportRow {
  const faults: ImportFault[] = [];
  const texts = {} as Record<Column, string | null>;
  for (const column of columns) {
    const text = textOf(column);
    const message = text === '' ? absence(column, textOf) : malformed(column, text);
    if (message) faults.push({ line, column, message });
    texts[column] = message || text === '' ? null : text;
  }
  const { volume_ul, ...rest } = texts;
  return {
    line,
    ...rest,
    place: texts.well === null ? null : (parseWell(texts.well) ?? null),
    volume_ul: volume_ul === null ? null : Number(volume_ul),
    faults,
  };
}

function malformed(column: Column, text: string): string | undefined {
  return text.includes('\ufffd') ? 'is not UTF-8 text' : faultOf[column](text);
}

function absence(column: Column, textOf: (column: Column) => string): string | undefined {
  if (required.includes(column)) return 'is required';
  if (column === 'plate_id' && textOf('well') !== '') return 'is required where a well is given';
  if (column === 'well' && textOf('plate_id') !== '') return 'is required where a plate is given';
  return undefined;
}

function unevenRow(row: CsvRow, expected: number): ImportRow {
  const counted = row.fields.length === maxFields ? `${maxFields} or more` : row.fields.length;
  const message = `must have ${expected} fields like the header, and has ${counted}`;
  return {
    line: row.line,
    barcode: null,
    sample_type: null,
    plate_id: null,
    well: null,
    place: null,
    volume_ul: null,
    faults: [{ line: row.line, column: 'row', message }],
  };
}

const isColumn = (name: string): name is Column => (columns as readonly string[]).includes(name);

/** Blanks around a value mean nothing in any of the columns. By hand: a pattern would take quadratic time. */
function trim(text: string): string {
  let begin = 0;
  let end = text.length;
  while (begin < end && isBlank(text, begin)) begin += 1;
  while (end > begin && isBlank(text, end - 1)) end -= 1;
  return text.slice(begin, end);
}

const isBlank = (text: string, at: number) => text[at] === ' ' || text[at] === '\t';

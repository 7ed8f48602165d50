import type { Reading, ResultParser, Row } from '../registry.ts';
import { numberOf, rowNumber } from './values.ts';

/**
 * The plate as it lies there: a line with the numbers of the columns, below it a line for each row. Several grids may follow one
 * another; the last line of text above one says what was measured. Empty wells are left out.
 *
 *     Absorbance 450 nm
 *     ,1,2,3,4,5,6,7,8,9,10,11,12
 *     A,0.12,0.34,…
 */
export const plateGrid: ResultParser = {
  name: 'plate-reader-grid',
  recognises: (rows) =>
    rows.some((row, at) => columnsOf(row) !== undefined && rowNumber(rows[at + 1]?.fields[0] ?? '') === 1),
  read: async function* (rows): AsyncGenerator<Reading> {
    let columns: readonly number[] | undefined;
    let title = '';
    /** The row of the plate that must come next. */
    let expected = 1;
    for await (const row of rows) {
      const found = columnsOf(row);
      if (found) {
        columns = found;
        expected = 1;
      } else if (columns && rowNumber(row.fields[0] ?? '') !== undefined) {
        yield* gridRow(row, columns, title || 'value', expected);
        expected = (rowNumber(row.fields[0] ?? '') ?? 0) + 1;
      } else if (row.fault) {
        yield { fault: { line: row.line, column: null, message: row.fault } };
      } else {
        if (row.fields.some((field) => field !== '')) title = titleOf(row);
        columns = undefined;
      }
    }
  },
};

/** `1`, `2`, … to the end of the line, behind a first field that is empty or says what the lines are, and is no row: values may be 1, 2, 3. */
function columnsOf({ fields }: Row): number[] | undefined {
  const numbers = fields.slice(1);
  while (numbers.at(-1) === '') numbers.pop();
  const inOrder = numbers.every((field, at) => field === String(at + 1));
  const [first = ''] = fields;
  return numbers.length >= 2 &&
    numbers.length <= 48 &&
    inOrder &&
    !/\d/.test(first) &&
    rowNumber(first) === undefined
    ? numbers.map(Number)
    : undefined;
}

function titleOf({ fields }: Row): string {
  return fields
    .filter((field) => field !== '')
    .join(' ')
    .slice(0, 200);
}

function* gridRow(
  row: Row,
  columns: readonly number[],
  measurement: string,
  expected: number,
): Generator<Reading> {
  const { line } = row;
  const [letter = '', ...fields] = row.fields;
  if (rowNumber(letter) !== expected)
    yield {
      fault: {
        line,
        column: null,
        message: `is row ${letter.toUpperCase()} of the plate; another one belongs here`,
      },
    };
  if (fields.slice(columns.length).some((field) => field !== '' && numberOf(field)))
    yield {
      fault: {
        line,
        column: null,
        message: `has more values than the plate has columns (${columns.length})`,
      },
    };
  for (const column of columns) {
    const text = fields[column - 1] ?? '';
    if (text === '') continue;
    const read = numberOf(text);
    const well = `${letter.toUpperCase()}${column}`;
    if (read) yield { result: { line, plate_id: null, well, measurement, unit: null, ...read } };
    else yield { fault: { line, column: well, message: `must be a number, not "${text.slice(0, 40)}"` } };
  }
}

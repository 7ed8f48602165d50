import { pipeline } from 'node:stream';
import { workflowErrors } from '@labwright/contract-workflows';
import { CsvError, type Parser, parse } from 'csv-parse';

/** One row of a file. */
export interface CsvRow {
  /** The line of the file in which it begins, from 1. Line ends within quotes count. */
  line: number;
  /** UTF-8; U+FFFD stands for bytes that are not. */
  fields: string[];
}

/** A row of more fields is cut there: its last field holds the rest. */
export const maxFields = 16;
/** Characters a row, so that one quote left open does not swallow a whole file. */
const maxRowLength = 10_000;

/**
 * The rows of a file as RFC 4180 has them: comma separated, CRLF or LF, quoted where needed; blank lines are left out
 * and a byte order mark is skipped. Constant memory. Throws `import_unreadable` with the `line` where the file cannot
 * be told into rows.
 */
export async function* csvRows(file: AsyncIterable<Buffer>): AsyncGenerator<CsvRow> {
  // Lines of the rows so far. Counted here: the parser's own count takes a CRLF within quotes for two lines.
  let lines = 0;
  const parser: Parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n'],
    skip_empty_lines: true,
    relax_column_count: true,
    // Bounds the number of fields, which the size of a row does not: commas are not counted in it.
    ignore_last_delimiters: maxFields,
    max_record_size: maxRowLength,
    on_record: (fields: string[], { empty_lines }) => {
      const begins = 1 + lines + empty_lines;
      // A row ends with one line end and holds those of its quoted fields.
      lines += 1 + lineEnds(fields);
      compareWithNothing(parser);
      // The line travels as the first field: the parser is ahead of whoever takes its rows.
      return [String(begins), ...fields];
    },
  });
  pipeline(refuseUtf16(file), parser, () => {});
  try {
    for await (const [begins, ...fields] of parser as AsyncIterable<string[]>) {
      yield { line: Number(begins), fields };
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, 1 + lines + parser.info.empty_lines) : error;
  }
}

/**
 * Before the first row there is no number of fields to compare with. Otherwise the parser would make an error of each
 * row that has another number, throw it away, and take a hundred times as long: a file could keep a processor busy
 * for hours. Only the speed depends on this.
 */
function compareWithNothing(parser: Parser): void {
  const seen: { records: number } = parser.info;
  seen.records = 0;
}

function lineEnds(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields)
    for (let at = field.indexOf('\n'); at !== -1; at = field.indexOf('\n', at + 1)) count += 1;
  return count;
}

async function* refuseUtf16(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun = false;
  for await (const piece of file) {
    const mark = piece.subarray(0, 2).toString('latin1');
    if (!begun && (mark === '\xff\xfe' || mark === '\xfe\xff'))
      throw workflowErrors.problem(
        'import_unreadable',
        'The file is UTF-16. Save it as UTF-8 and send it again.',
      );
    begun = true;
    yield piece;
  }
}

const reasons: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE:
    'goes on behind a closing quote. Quotes within a quoted field are doubled: "say ""a"""',
  INVALID_OPENING_QUOTE: 'has a quote in a field that is not quoted as a whole. Write "say ""a"""',
  CSV_MAX_RECORD_SIZE: `is longer than ${maxRowLength} characters. Is a quote left open?`,
};

function unreadable(error: CsvError, line: number) {
  const reason = reasons[error.code] ?? `is not CSV (${error.code})`;
  return workflowErrors.problem('import_unreadable', `The row that begins in line ${line} ${reason}`, {
    extra: { line },
    cause: error,
  });
}

import type { ResultFault } from '@labwright/contract-hub/files';
import { openText } from './lines.ts';
import { longTable } from './parsers/long-table.ts';
import { plateGrid } from './parsers/plate-grid.ts';

/** One measured value as a file has it. */
export interface ReadResult {
  readonly line: number;
  /** Null where the file names none: the plate that its upload named. */
  readonly plate_id: string | null;
  readonly well: string;
  readonly measurement: string;
  /** Null where the instrument says that it could not measure: `note` says why. */
  readonly value: number | null;
  readonly unit: string | null;
  readonly note: string | null;
}

/** What a parser makes of a file, one after the other. */
export type Reading = { readonly result: ReadResult } | { readonly fault: ResultFault };

/** One line of a text file, told into its fields. */
export interface Row {
  /** From 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** What is wrong with the line as a whole. */
  readonly fault?: string;
}

/** A form in which instruments write results. It is chosen by what stands in the file, never by its name. */
export interface ResultParser {
  readonly name: string;
  /** Whether a file that begins with these rows is of this form. The last one may be cut off. */
  recognises(rows: readonly Row[]): boolean;
  /** Constant memory, whatever the length. */
  read(rows: AsyncIterable<Row>): AsyncIterable<Reading>;
}

/** In the order in which they are asked: the most particular one first. */
export const parsers: readonly ResultParser[] = [longTable, plateGrid];

/** So much of a file is looked at to find its parser. */
export const headBytes = 65_536;

/** The parser of a file that begins so; undefined where none knows it. */
export function parserFor(head: Buffer): ResultParser | undefined {
  const rows = openText(head).rowsOf(head);
  return rows && parsers.find((parser) => parser.recognises(rows));
}

import { Readable } from 'node:stream';
import type { Execution } from '@labwright/contract-devices';
import type { Db } from '@labwright/kernel/db';
import { commonErrors } from '@labwright/kernel/errors';
import { executionColumnNames } from './columns.ts';
import type { LogCursor } from './cursor.ts';
import { isoToMicros, type TimeRange } from './range.ts';
import { type LogFilters, walkLogs } from './read.ts';

/** How rows become text: what stands before them all, and each one. */
export interface LogFormat {
  readonly mediaType: string;
  readonly head: string;
  line(row: Execution): string;
}

/** One JSON object a line. */
export const ndjson: LogFormat = {
  mediaType: 'application/x-ndjson',
  head: '',
  line: (row) => `${JSON.stringify(row)}\n`,
};

/** RFC 4180 with a header row; parameters, result and error as JSON. Values are written as they are. */
export const csv: LogFormat = {
  mediaType: 'text/csv; charset=utf-8; header=present',
  head: `${executionColumnNames.join(',')}\r\n`,
  line: (row) => `${executionColumnNames.map((column) => csvField(row[column])).join(',')}\r\n`,
};

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export interface StreamRequest {
  filters: LogFilters;
  range: TimeRange;
  /** Towards older rows. */
  cursor?: LogCursor | undefined;
  /** Rows in all; without it there is no end but that of the table. */
  limit?: number | undefined;
}

const batchRows = 1_000;
const batchBytes = 1_048_576;

/** Each holds a batch for as long as its reader takes: so many fit into the memory of a service. */
const mostStreams = 12;
/** Milliseconds that a reader may take for one batch of about a megabyte; then its place goes to another. */
const readerPatience = 60_000;
const streams = new WeakMap<Db, number>();

/**
 * The logs as text, newest first, in constant memory: the next batch is read when the last one has been written.
 * No connection is held in between. Destroying the stream ends the reading; a reader that stops reading is cut off, so
 * that it cannot take the end of its file for the end of the logs. Throws `overloaded` while too many
 * streams are being read.
 */
export function streamLogs(
  reader: Db,
  request: StreamRequest,
  format: LogFormat,
  patienceMs: number = readerPatience,
): Readable {
  const open = streams.get(reader) ?? 0;
  if (open >= mostStreams)
    throw commonErrors.problem(
      'overloaded',
      `${mostStreams} exports are being read already, which is as many as there is room for. Try again when one of them has ended.`,
      { retryAfter: 5 },
    );
  streams.set(reader, open + 1);
  let patience: NodeJS.Timeout | undefined;
  const watched = async function* () {
    for await (const chunk of chunks(reader, request, format)) {
      patience = setTimeout(() => stream.destroy(new Error('nobody reads the export')), patienceMs).unref();
      yield chunk;
      clearTimeout(patience);
    }
  };
  const stream: Readable = Readable.from(watched(), { objectMode: false });
  stream.once('close', () => {
    clearTimeout(patience);
    streams.set(reader, (streams.get(reader) ?? 1) - 1);
  });
  return stream;
}

async function* chunks(reader: Db, request: StreamRequest, format: LogFormat): AsyncGenerator<Buffer> {
  const { filters, range, limit = Number.POSITIVE_INFINITY } = request;
  let head = format.head;
  let from = request.cursor;
  let left = limit;
  let rows = 100;
  while (left > 0) {
    const take = Math.min(rows, left);
    const batch = await walkLogs(reader, { filters, range, from, take });
    const last = batch.at(-1);
    const chunk = Buffer.from(head + batch.map((row) => format.line(row)).join(''));
    if (chunk.length > 0) yield chunk;
    if (!last || batch.length < take) return;
    head = '';
    left -= batch.length;
    from = { direction: 'older', at: isoToMicros(last.started_at), id: BigInt(last.id) };
    // Rows may be short or carry the values of a whole plate: it is the bytes of a batch that are kept in bounds.
    rows = Math.max(10, Math.min(batchRows, Math.floor((batchBytes * batch.length) / chunk.length)));
  }
}

import type { Row } from './registry.ts';

/** Characters of a line: a 1,536-well row with long numbers has some hundred. */
const longest = 20_000;
/** Fields of a line. */
const mostFields = 200;

/**
 * How a text file of an instrument is to be read, by how it begins: UTF-8 or UTF-16 by its mark; commas, semicolons or tabs, whichever
 * its first lines have most of; and a decimal comma where commas do not separate.
 */
export function openText(head: Buffer) {
  const mark = head.subarray(0, 2).toString('hex');
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8';
  const begin = new TextDecoder(encoding).decode(head);
  const separator = separatorOf(begin);
  return {
    /** The rows of the beginning; undefined where it is no text. */
    rowsOf: (bytes: Buffer): Row[] | undefined => {
      if (begin.includes('\0')) return undefined;
      const lines = new TextDecoder(encoding).decode(bytes).split(/\r\n|\n|\r/);
      return lines.map((text, at) => rowOf(text, at + 1, separator));
    },
    /** All rows. One that is too long, or has a quote left open, is a fault and not the end. */
    rows: async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Row> {
      let line = 0;
      for await (const text of linesOf(bytes, new TextDecoder(encoding))) {
        line += 1;
        yield rowOf(text, line, separator);
      }
    },
  };
}

function separatorOf(begin: string): string {
  const sample = begin.slice(0, 8_192);
  const count = (separator: string) => sample.split(separator).length;
  // A tab or a semicolon is never part of a number; a comma may be its decimal point.
  if (count('\t') > 3 && count('\t') >= count(';')) return '\t';
  return count(';') > 3 ? ';' : ',';
}

async function* linesOf(
  bytes: AsyncIterable<Buffer>,
  decoder: InstanceType<typeof TextDecoder>,
): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of bytes) {
    rest += decoder.decode(piece, { stream: true });
    // A return at the very end may be the first half of a line's end.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    const lines = whole.split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + rest.slice(whole.length);
    yield* lines;
    // What is beyond is cut off: the row is at fault, and memory is bounded.
    if (rest.length > 2 * longest) rest = rest.slice(0, longest + 1);
  }
  rest += decoder.decode();
  if (rest !== '') yield* rest.split(/\r\n|\n|\r/);
}

function rowOf(text: string, line: number, separator: string): Row {
  if (text.includes('\0')) return { line, fields: [], fault: 'holds bytes that no text has' };
  if (text.length > longest) return { line, fields: [], fault: `is longer than ${longest} characters` };
  if (!text.includes('"')) {
    const fields = text.split(separator, mostFields + 1).map((field) => field.trim());
    return fields.length > mostFields
      ? { line, fields: [], fault: `has more than ${mostFields} fields` }
      : { line, fields };
  }
  return quotedRow(text, line, separator);
}

/** RFC 4180 within a line: `"a ""b"""`. */
function quotedRow(text: string, line: number, separator: string): Row {
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    if (fields.length === mostFields)
      return { line, fields: [], fault: `has more than ${mostFields} fields` };
    const begin = skipBlanks(text, at);
    if (text[begin] !== '"') {
      const next = text.indexOf(separator, at);
      const end = next === -1 ? text.length : next;
      fields.push(text.slice(at, end).trim());
      at = end + 1;
      continue;
    }
    const close = closingQuote(text, begin);
    if (close === -1) return { line, fields: [], fault: 'opens a quote that is not closed in the same line' };
    fields.push(
      text
        .slice(begin + 1, close)
        .replaceAll('""', '"')
        .trim(),
    );
    const end = skipBlanks(text, close + 1);
    if (end < text.length && text[end] !== separator)
      return { line, fields: [], fault: 'goes on behind a closing quote' };
    at = end + 1;
  }
  return { line, fields };
}

function closingQuote(text: string, begin: number): number {
  for (let at = begin + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1 || text[at + 1] !== '"') return at;
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at += 1;
  return at;
}

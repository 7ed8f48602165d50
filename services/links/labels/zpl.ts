import type { LabelSize, Layout } from './layout.ts';
import type { SymbolKind } from './symbol-kinds.ts';

export interface ZplLabel {
  kind: SymbolKind;
  /** What the symbol holds. */
  data: string;
  layout: Layout;
  size: LabelSize;
  /** 8 (203 dpi), 12 (300 dpi) or 24 (600 dpi). */
  dotsPerMm: number;
}

/**
 * One label for printers that understand ZPL II. Coordinates are in dots. Everything that is not plain is written in hexadecimal
 * (`^FH`): no text can end its field and begin a command.
 */
export function zpl({ kind, data, layout, size, dotsPerMm }: ZplLabel): string {
  const dots = (mm: number) => Math.round(mm * dotsPerMm);
  const { x, y, height } = layout.symbol;
  const module = Math.round(layout.module * dotsPerMm);
  const field = (text: string) => `^FH^FD${escapeZpl(text)}^FS`;
  const symbol: Record<SymbolKind, () => string> = {
    // M: 15 % of it may be damaged. A: the printer chooses how it is encoded.
    qr: () => `^BQN,2,${Math.min(10, module)}${field(`MA,${data}`)}`,
    // 200: the version of Data Matrix that corrects errors.
    datamatrix: () => `^BXN,${module},200,,,,${notIn(data)}${field(data)}`,
    // Set B from the beginning to the end (mode N), where > is written as >0.
    code128: () => `^BY${module}^BCN,${dots(height)},N,N,N,N${field(data.replaceAll('>', '>0'))}`,
  };
  const lines = layout.lines.map(
    (line) => `^FO${dots(line.x)},${dots(line.y - line.size)}^A0N,${dots(line.size)}${field(line.text)}`,
  );
  return [
    '^XA',
    // UTF-8.
    '^CI28',
    `^PW${dots(size.width)}`,
    `^LL${dots(size.height)}`,
    `^FO${dots(x)},${dots(y)}${symbol[kind]()}`,
    ...lines,
    '^XZ',
    '',
  ].join('\n');
}

/** Columns of Code 128 in set B: start, characters, check sum, stop. */
export const setBColumns = (data: string): number => 11 * (data.length + 2) + 13;

/** Begins an escape sequence in a Data Matrix: a character that the data does not have. */
const notIn = (data: string) =>
  ['|', '!', '@', '#', '%', '&', '*', '='].find((one) => !data.includes(one)) ?? '|';

function escapeZpl(text: string): string {
  let escaped = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9 .,:/-]/.test(character)
      ? character
      : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

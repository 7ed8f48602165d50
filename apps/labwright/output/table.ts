import type { Terminal } from '../command-line/terminal.ts';
import { cut, padEnd, padStart, plain, widthOf } from './width.ts';

export interface Column<T> {
  readonly head: string;
  cell(row: T): string | number | null | undefined;
  /** How a cell looks, beside what it says. */
  style?(text: string, row: T): string;
  readonly right?: boolean;
  /** Narrower where the terminal is too narrow for all, `first` before the others. Otherwise it keeps its width. */
  readonly shrinks?: true | 'first';
}

const gap = 2;
const narrowest = 8;

/** Rows under heads, no wider than the terminal where there is one. */
export function tableText<T>(columns: readonly Column<T>[], rows: readonly T[], terminal: Terminal): string {
  return tableLines(columns, rows, terminal, terminal.stdout.columns ?? Infinity)
    .map((line) => `${line}\n`)
    .join('');
}

/** Each line of the table, of at most `width` columns. */
export function tableLines<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { style }: Pick<Terminal, 'style'>,
  width: number,
): string[] {
  const texts = rows.map((row) => columns.map((column) => printed(column.cell(row))));
  const widths = fit(
    columns.map(({ head }, at) => Math.max(widthOf(head), ...texts.map((cells) => widthOf(cells[at] ?? '')))),
    columns,
    width,
  );
  const line = (cell: (column: Column<T>, at: number, width: number) => string) =>
    columns
      .map((column, at) => cell(column, at, widths[at] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd();
  const last = columns.at(-1);
  const place = (column: Column<T>, text: string, room: number) => {
    if (column.right) return padStart(cut(text, room), room);
    return column === last ? cut(text, room) : padEnd(cut(text, room), room);
  };
  const heads = line((column, _at, room) => style('bold', place(column, column.head, room)));
  return [
    heads,
    ...rows.map((row, index) =>
      line((column, at, room) => {
        const text = place(column, texts[index]?.[at] ?? '', room);
        return column.style ? column.style(text, row) : text;
      }),
    ),
  ];
}

const printed = (value: string | number | null | undefined): string =>
  value === null || value === undefined || value === '' ? '–' : plain(String(value));

/** The widest gives way, again and again, until all fit; those that shrink first before the others. */
function fit<T>(natural: readonly number[], columns: readonly Column<T>[], width: number): number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, one) => sum + one, gap * (columns.length - 1)) - width;
  const least = columns.map(({ head }, at) => Math.min(widths[at] ?? 0, Math.max(narrowest, widthOf(head))));
  for (const order of ['first', true] as const)
    while (over > 0) {
      const widest = columns
        .map((_, at) => at)
        .filter((at) => columns[at]?.shrinks === order && (widths[at] ?? 0) > (least[at] ?? 0))
        .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
      const [at, next] = widest;
      if (at === undefined) break;
      const now = widths[at] ?? 0;
      // Down to the next one at once, and then by turns.
      const step = Math.max(1, now - (next === undefined ? 0 : (widths[next] ?? 0)));
      const taken = Math.min(step, over, now - (least[at] ?? 0));
      widths[at] = now - taken;
      over -= taken;
    }
  return widths;
}

/** For rows that come one after the other: heads at once, then a line for each, as wide as those before asked for. */
export function rowPrinter<T>(
  columns: readonly Column<T>[],
  known: readonly T[],
  terminal: Terminal,
): (row: T) => void {
  const screen = terminal.stdout.columns ?? Infinity;
  const natural = columns.map((column) =>
    Math.max(widthOf(column.head), ...known.map((row) => widthOf(printed(column.cell(row))))),
  );
  const widths = fit(natural, columns, screen);
  const last = columns.length - 1;
  const line = (cell: (column: Column<T>) => string, style: (text: string, column: Column<T>) => string) => {
    let left = screen;
    const cells = columns.map((column, at) => {
      const text = cell(column);
      if (!column.shrinks || screen === Infinity) widths[at] = Math.max(widths[at] ?? 0, widthOf(text));
      const room = Math.min(left, at === last ? widthOf(text) : (widths[at] ?? 0));
      left = Math.max(0, left - room - gap);
      return style((column.right ? padStart : padEnd)(cut(text, room), room), column);
    });
    terminal.say(`${cells.join(' '.repeat(gap)).trimEnd()}\n`);
  };
  line(
    ({ head }) => head,
    (text) => terminal.style('bold', text),
  );
  return (row) =>
    line(
      (column) => printed(column.cell(row)),
      (text, column) => column.style?.(text, row) ?? text,
    );
}

/** Names and values of one thing, a line each. */
export function factsText(facts: readonly (readonly [string, string | number | null | undefined])[]): string {
  const left = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts.map(([name, value]) => `${padEnd(name, left)}  ${printed(value)}\n`).join('');
}

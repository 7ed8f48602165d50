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
  /** Left out where the terminal is too narrow for all, those with the lowest number first. */
  readonly spare?: number;
}

const gap = 2;
const narrowest = 8;
/** What shrinks says too little in less: rather a spare column goes. */
const readable = 16;

/** Rows under heads, no wider than the terminal where there is one. */
export function tableText<T>(columns: readonly Column<T>[], rows: readonly T[], terminal: Terminal): string {
  return tableLines(columns, rows, terminal, terminal.stdout.columns ?? Infinity)
    .map((line) => `${line}\n`)
    .join('');
}

/** Each line of the table, of at most `width` columns. What is too much goes: first columns with nothing in them, then spare ones. */
export function tableLines<T>(
  all: readonly Column<T>[],
  rows: readonly T[],
  { style }: Pick<Terminal, 'style'>,
  width: number,
): string[] {
  const measured = all.map((column): Measured<T> => {
    const texts = rows.map((row) => printed(column.cell(row)));
    return { column, texts, width: Math.max(widthOf(column.head), ...texts.map(widthOf)) };
  });
  const kept = thatFit(measured, width);
  const columns = kept.map(({ column }) => column);
  const widths = fit(
    kept.map((one) => one.width),
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
        const text = place(column, kept[at]?.texts[index] ?? '', room);
        return column.style ? column.style(text, row) : text;
      }),
    ),
  ];
}

interface Measured<T> {
  column: Column<T>;
  texts: string[];
  width: number;
}

function thatFit<T>(measured: readonly Measured<T>[], width: number): readonly Measured<T>[] {
  const total = (columns: readonly Measured<T>[], least: (one: Measured<T>) => number) =>
    columns.reduce((sum, one) => sum + least(one), gap * (columns.length - 1));
  if (total(measured, (one) => one.width) <= width) return measured;
  let kept = measured.filter(({ texts }) => texts.some((text) => text !== nothing));
  const least = (one: Measured<T>) => (one.column.shrinks ? Math.min(one.width, readable) : one.width);
  const spare = kept
    .filter(({ column }) => column.spare !== undefined)
    .toSorted((a, b) => (a.column.spare ?? 0) - (b.column.spare ?? 0));
  for (const one of spare) {
    if (total(kept, least) <= width) break;
    kept = kept.filter((other) => other !== one);
  }
  return kept;
}

const nothing = '–';
const printed = (value: string | number | null | undefined): string =>
  value === null || value === undefined || value === '' ? nothing : plain(String(value));

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

import { readName } from './quantity.ts';

/** How a value is shown: on one line, as named values, as a list, or as the wells of a plate. */
export type Shape =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'named'; readonly entries: readonly (readonly [name: string, value: unknown])[] }
  | { readonly kind: 'list'; readonly items: readonly unknown[] }
  | { readonly kind: 'wells'; readonly rows: readonly WellRow[]; readonly columns: readonly number[] };

export interface WellRow {
  readonly name: string;
  /** By the number of its column; nothing where the well has no value. */
  readonly cells: ReadonlyMap<number, string>;
}

/** Fewer wells read better as named values. */
const fewestWells = 6;
const wellName = /^([A-Z]{1,2})0?([1-9]\d?)$/;

export function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) {
    if (value.length === 0) return { kind: 'line', text: 'none' };
    return value.every(isPlain)
      ? { kind: 'line', text: value.map(plainText).join(', ') }
      : { kind: 'list', items: value };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'line', text: plainText(value) };
  const entries = Object.entries(value);
  if (entries.length === 0) return { kind: 'line', text: 'none' };
  return wellsOf(entries) ?? { kind: 'named', entries };
}

/** A number with the unit that its name carries: `volume_ul: 50` is `50 µL`. */
export function lineText(name: string, text: string, value: unknown): string {
  const { unit } = readName(name);
  const counts = typeof value === 'number' || (Array.isArray(value) && typeof value[0] === 'number');
  return unit && counts ? `${text} ${unit}` : text;
}

const isPlain = (value: unknown) => typeof value !== 'object' || value === null;

function plainText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null || value === undefined || value === '' ? '—' : String(value);
}

function wellsOf(entries: readonly (readonly [string, unknown])[]): Shape | undefined {
  if (entries.length < fewestWells) return undefined;
  const rows = new Map<string, Map<number, string>>();
  const columns = new Set<number>();
  for (const [name, value] of entries) {
    const [, row, column] = wellName.exec(name) ?? [];
    if (row === undefined || !isPlain(value)) return undefined;
    const cells = rows.get(row) ?? new Map<number, string>();
    rows.set(row, cells.set(Number(column), plainText(value)));
    columns.add(Number(column));
  }
  return {
    kind: 'wells',
    // A … Z come before AA.
    rows: [...rows]
      .map(([name, cells]) => ({ name, cells }))
      .sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1)),
    columns: [...columns].sort((a, b) => a - b),
  };
}

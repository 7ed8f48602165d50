/** `A` … `Z`, `AA` … `AF`. */
export function rowName(row: number): string {
  const last = String.fromCharCode(65 + (row % 26));
  return row < 26 ? last : rowName(Math.floor(row / 26) - 1) + last;
}

export const wellName = (row: number, column: number) => `${rowName(row)}${column + 1}`;

/** `B03` and `B3` are the same well. */
export const plainWell = (name: string) => name.toUpperCase().replace(/^([A-Z]+)0+(?=\d)/, '$1');

export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Rows that Page up and Page down leave behind: an eighth of the largest plate's. */
const leap = 8;

/** Where a key leads, within the plate; undefined where it leads nowhere. With Ctrl, Home and End are the corners. */
export function placeAfter(
  { key, ctrlKey }: { readonly key: string; readonly ctrlKey: boolean },
  { row, column }: Place,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Place | undefined {
  const places: Record<string, [number, number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - leap, column],
    PageDown: [row + leap, column],
    Home: [ctrlKey ? 0 : row, 0],
    End: [ctrlKey ? rows - 1 : row, columns - 1],
  };
  const next = places[key];
  if (!next) return undefined;
  const within = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
  return { row: within(next[0], rows), column: within(next[1], columns) };
}

/** What wells can be coloured by, with a number a well. */
export interface Measure {
  readonly key: string;
  readonly label: string;
  readonly unit: string | null;
  readonly values: ReadonlyMap<string, number>;
}

/** Levels of colour, from the least to the most. */
export const levels = 7;

export interface Scale {
  readonly least: number;
  readonly most: number;
  readonly levelOf: (value: number) => number;
}

/** Undefined where there is nothing to scale. */
export function scaleOf(values: Iterable<number>): Scale | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return undefined;
  const width = most - least;
  return {
    least,
    most,
    levelOf: (value) =>
      width === 0
        ? Math.floor(levels / 2)
        : Math.min(levels - 1, Math.max(0, Math.floor(((value - least) / width) * levels))),
  };
}

/** Short enough for a well: three digits that count. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100_000 || size < 0.001) return value.toExponential(1).replace('e+', 'e');
  return String(Number(value.toPrecision(3)));
}

interface ResultRow {
  readonly well: string;
  readonly measurement: string;
  readonly unit: string | null;
  readonly value: number | null;
}

/** What was measured on a plate, by the name of the measurement; read again, the newest value counts. */
export function measuresOf(
  samples: readonly { readonly well: string | null; readonly volume_ul: number | null }[],
  results: readonly ResultRow[],
): Measure[] {
  const volumes = new Map<string, number>();
  for (const { well, volume_ul } of samples)
    if (well !== null && volume_ul !== null) volumes.set(plainWell(well), volume_ul);
  const measured = new Map<string, Measure & { values: Map<string, number> }>();
  for (const { well, measurement, unit, value } of results) {
    if (value === null) continue;
    const key = `${measurement} ${unit ?? ''}`;
    const measure = measured.get(key) ?? {
      key,
      label: measurement,
      unit,
      values: new Map<string, number>(),
    };
    measured.set(key, measure);
    measure.values.set(plainWell(well), value);
  }
  return [
    ...measured.values(),
    ...(volumes.size > 0 ? [{ key: 'volume', label: 'Volume', unit: 'µL', values: volumes }] : []),
  ];
}

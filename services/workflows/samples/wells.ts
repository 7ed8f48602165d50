/** A place on a plate, both counted from 1. */
export interface Well {
  row: number;
  column: number;
}

export interface PlateSize {
  rows: number;
  columns: number;
}

/** The largest plate: 1,536 wells. */
const largest: PlateSize = { rows: 32, columns: 48 };

const letterA = 64;

/**
 * `A1` is row 1, column 1; after `Z` comes `AA` (ANSI/SLAS 4). Undefined for what is no well of any plate: beyond
 * `AF48`, lower case, `A01`.
 */
export function parseWell(name: string): Well | undefined {
  const parts = /^([A-Z]{1,2})([1-9][0-9]?)$/.exec(name);
  const [, letters = '', digits = ''] = parts ?? [];
  const well = {
    row: [...letters].reduce((row, letter) => row * 26 + letter.charCodeAt(0) - letterA, 0),
    column: Number(digits),
  };
  return parts && fits(well, largest) ? well : undefined;
}

/** True where a plate of this size has the well. */
export function fits(well: Well, size: PlateSize): boolean {
  return well.row <= size.rows && well.column <= size.columns;
}

/** Row by row, `A1` `A2` … `B1`; names that are no wells come last. */
export function compareWells(a: string, b: string): number {
  const rank = (name: string) => {
    const well = parseWell(name);
    return well ? well.row * 100 + well.column : Number.MAX_SAFE_INTEGER;
  };
  return rank(a) - rank(b);
}

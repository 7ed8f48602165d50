import type { Fault } from '@labwright/kernel/errors';
import { Type } from 'typebox';

const rowsOf = { 96: 8, 384: 16 } as const;
const columnsOf = { 96: 12, 384: 24 } as const;
export type PlateFormat = keyof typeof rowsOf;

/** The name of a well on a plate of up to 384: a row `A` to `P`, a column 1 to 24. */
export const wellName = (description: string, name: string) =>
  Type.String({ pattern: '^[A-P](?:[1-9]|1[0-9]|2[0-4])$', default: name, description });

/** Wells in the order in which they are served. Without a default it may be empty, which means all of them. */
export const wellNames = (description: string, names: string[]) =>
  Type.Array(wellName('A well', 'A1'), {
    default: names,
    minItems: Math.min(1, names.length),
    maxItems: 384,
    uniqueItems: true,
    description,
  });

export const plateFormat = () =>
  Type.Enum([96, 384], { default: 96, description: 'Wells of the plate: 8 × 12 or 16 × 24' });

/** The first column of a plate with 96 wells, as an eight-channel head takes it. */
export const firstColumn = ['A1', 'B1', 'C1', 'D1', 'E1', 'F1', 'G1', 'H1'];

/** Every well of a plate, row by row. */
export function wellsOf(format: PlateFormat): string[] {
  const columns = Array.from({ length: columnsOf[format] }, (_, column) => column + 1);
  return Array.from({ length: rowsOf[format] }, (_, row) => String.fromCharCode(65 + row)).flatMap((row) =>
    columns.map((column) => `${row}${column}`),
  );
}

/** A fault for each well that a plate of this format does not have. */
export function wellFaults(format: PlateFormat, wells: readonly string[], path = 'wells'): Fault[] {
  const known = new Set(wellsOf(format));
  return wells.flatMap((well, at) =>
    known.has(well)
      ? []
      : [{ path: `${path}[${at}]`, message: `is no well of a plate with ${format} wells` }],
  );
}

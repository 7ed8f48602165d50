/** What instruments write where they could not measure. */
const notes = new Map(
  Object.entries({
    ovrflw: 'overflow',
    overflw: 'overflow',
    overflow: 'overflow',
    over: 'overflow',
    '>max': 'overflow',
    undrflw: 'underflow',
    underflow: 'underflow',
    under: 'underflow',
    '<min': 'underflow',
    invalid: 'invalid',
    nan: 'invalid',
    error: 'invalid',
    '?????': 'invalid',
    'n/a': 'invalid',
    '***': 'invalid',
  }),
);

const number = /^[+-]?\d{1,30}(?:[.,]\d{0,30})?(?:[eE][+-]?\d{1,3})?$/;

/** The value in a field, or why there is none; undefined where the field is neither. A decimal comma is read as one. */
export function numberOf(text: string): { value: number | null; note: string | null } | undefined {
  const note = notes.get(text.toLowerCase());
  if (note) return { value: null, note };
  if (!number.test(text)) return undefined;
  const value = Number(text.replace(',', '.'));
  return Number.isFinite(value) ? { value, note: null } : undefined;
}

const well = /^([A-Za-z]{1,2})0?([1-9]\d?)$/;

/** `a01` → `A1`; undefined for what no plate has (up to AF48, 1,536 wells). */
export function wellOf(text: string): string | undefined {
  const [, row = '', column = ''] = well.exec(text) ?? [];
  if (rowNumber(row) === undefined || Number(column) > 48) return undefined;
  return `${row.toUpperCase()}${Number(column)}`;
}

/** 1 for `A`, 32 for `AF`; undefined for what is no row. */
export function rowNumber(text: string): number | undefined {
  if (!/^[A-Za-z]{1,2}$/.test(text)) return undefined;
  const letters = [...text.toUpperCase()].map((letter) => letter.charCodeAt(0) - 64);
  const row = letters.reduce((sum, letter) => sum * 26 + letter, 0);
  return row <= 32 ? row : undefined;
}

/** JSON of which the meaning would change on its way through JavaScript or PostgreSQL. */
export class LossyJson extends Error {
  override readonly name = 'LossyJson';
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

/**
 * Reads JSON as Python writes it. Throws where it is none (`NaN` is none), and `LossyJson` where a whole number is too large for
 * JavaScript to keep, or a text has a character that PostgreSQL does not store. A float without fraction becomes an integer.
 */
export function readJson(text: string): unknown {
  const exact: Reviver = (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    if (!Number.isFinite(value) || /^-?\d+$/.test(source ?? ''))
      throw new LossyJson(`the number ${source} cannot be kept exactly: send it as text`);
    return value;
  };
  // Only then: it takes its time.
  const value: unknown = /\d{16}|\d[eE]\+?\d{3}/.test(text)
    ? JSON.parse(text, exact as Parameters<typeof JSON.parse>[1])
    : JSON.parse(text);
  if (/\\u(0000|d[89a-f])/i.test(text)) writeJson(value);
  return value;
}

/** JSON that PostgreSQL stores; throws `LossyJson` where it would not. */
export function writeJson(value: unknown): string {
  return (
    JSON.stringify(value, (key, item) => {
      if (!storable(key) || (typeof item === 'string' && !storable(item)))
        throw new LossyJson(
          'a text has a character that cannot be stored (NUL, or half of a surrogate pair)',
        );
      return item;
    }) ?? 'null'
  );
}

/** Whether PostgreSQL stores it. */
export const storable = (text: string) => !text.includes('\0') && text.isWellFormed();

/**
 * The one text of a JSON value, by RFC 8785: no spaces, members sorted by the UTF-16 units of their names, numbers and
 * strings as ECMAScript writes them. What JSON has no place for (undefined, functions) is left out, as `JSON.stringify` does;
 * U+0000 and halves of surrogate pairs, which PostgreSQL cannot keep, become U+FFFD.
 */
export function canonical(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value, storable) ?? 'null'));
}

const storable = (_name: string, item: unknown) => (typeof item === 'string' ? storableText(item) : item);

export const storableText = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, item]) => [storableText(name), item] as const);
  // Not by locale: `<` compares UTF-16 units.
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${write(item)}`).join(',')}}`;
}

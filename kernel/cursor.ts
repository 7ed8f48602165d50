/** Part of a place in a list. */
type Part = string | number | null;

/** Whether a part of a cursor can be what it stands for; whatever came is asked. */
export type PartCheck = (part: unknown) => boolean;

/** Where a page ended, as text that callers pass back unchanged: the list with its filters, then the key of its last row. */
export const writeCursor = (...parts: readonly Part[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** The key in a cursor of this list; undefined for anything that `writeCursor` did not make of it, or whose key does not pass its checks. */
export function readCursor<K extends Part = string>(
  cursor: string,
  list: readonly Part[],
  checks: readonly PartCheck[],
): K[] | undefined {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== list.length + checks.length) return undefined;
  const fits =
    list.every((part, index) => parts[index] === part) &&
    checks.every((check, index) => check(parts[list.length + index])) &&
    writeCursor(...parts) === cursor;
  return fits ? parts.slice(list.length) : undefined;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

export const isText =
  (form: RegExp): PartCheck =>
  (part) =>
    typeof part === 'string' && form.test(part);

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

/** True for a timestamp as it leaves the database, of a day that the calendar has. */
export const isTimestamp: PartCheck = (part) => {
  // PostgreSQL has no year 0.
  if (typeof part !== 'string' || !timestamp.test(part) || part.startsWith('0000')) return false;
  const time = Date.parse(part);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 19) === part.slice(0, 19);
};

export const isUuid: PartCheck = isText(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

import { deviceErrors } from '@labwright/contract-devices';

/** The key of the last row of a page, as text that callers pass back unchanged. */
export function encodeCursor(kind: string, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url');
}

/** One test for each part of a key. */
type Check = (part: unknown) => boolean;

/** The key in a cursor of this kind. Throws `invalid_cursor` where it is none that `encodeCursor` made. */
export function decodeCursor(kind: string, cursor: string, checks: readonly Check[]): (string | number)[] {
  const parts = parse(cursor);
  const fits =
    Array.isArray(parts) &&
    parts.length === checks.length + 1 &&
    parts[0] === kind &&
    checks.every((check, index) => check(parts[index + 1]));
  if (!fits)
    throw deviceErrors.problem(
      'invalid_cursor',
      'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
    );
  return parts.slice(1);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** True for a timestamp as it leaves the database, of a day that the calendar has. */
export const isTimestamp: Check = (part) => {
  if (typeof part !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(part)) return false;
  // PostgreSQL has no year 0.
  if (part.startsWith('0000')) return false;
  const time = Date.parse(part);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 19) === part.slice(0, 19);
};

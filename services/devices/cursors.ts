import { deviceErrors } from '@labwright/contract-devices';
import { type PartCheck, readCursor, writeCursor } from '@labwright/kernel/cursor';

export { isTimestamp } from '@labwright/kernel/cursor';

/** The key of the last row of a page. */
export const encodeCursor = (kind: string, key: readonly (string | number)[]): string =>
  writeCursor(kind, ...key);

/** The key in a cursor of this kind. Throws `invalid_cursor`. */
export function decodeCursor(
  kind: string,
  cursor: string,
  checks: readonly PartCheck[],
): (string | number)[] {
  const key = readCursor<string | number>(cursor, [kind], checks);
  if (key) return key;
  throw deviceErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  );
}

import { notificationErrors } from '@labwright/contract-hub/notifications';
import { isText, type PartCheck, readCursor, writeCursor } from '@labwright/kernel/cursor';

/** A place in a list: its kind and the key of the last row. */
export const encodeCursor = (kind: string, key: readonly string[]): string => writeCursor(kind, ...key);

/** The key in a cursor of this kind. Throws `invalid_cursor`. */
export function decodeCursor(kind: string, cursor: string, checks: readonly PartCheck[]): string[] {
  const key = readCursor(cursor, [kind], checks);
  if (key) return key;
  throw notificationErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  );
}

export const isBigint: PartCheck = (part) =>
  typeof part === 'string' && /^\d{1,19}$/.test(part) && BigInt(part) < 2n ** 63n;
export const isWord = isText(/^[a-z_]{1,20}$/);

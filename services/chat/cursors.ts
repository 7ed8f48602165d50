import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { readCursor, writeCursor } from '@labwright/kernel/cursor';

export const encodeCursor = writeCursor;

/** Where a page of this list ended; `start` without a cursor. Throws `invalid_cursor`. */
export function decodeCursor<T extends string | number>(
  list: string,
  cursor: string | undefined,
  start: T,
  check: (last: unknown) => last is T,
): T {
  if (cursor === undefined) return start;
  const [last] = readCursor<T>(cursor, [list], [check]) ?? [];
  if (last !== undefined) return last;
  throw chatErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  );
}

export const isPlace = (last: unknown): last is number =>
  typeof last === 'number' && Number.isInteger(last) && last >= 0 && last <= 2_147_483_647;

export const isName = (last: unknown): last is string =>
  typeof last === 'string' && last.length <= 200 && last.isWellFormed() && !last.includes('\0');

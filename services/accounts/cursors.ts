import { accountErrors } from '@labwright/contract-hub/accounts';
import { isText, readCursor, writeCursor } from '@labwright/kernel/cursor';

export const encodeCursor = writeCursor;

/** The position after which the next page begins; undefined at the beginning. Throws `invalid_cursor`. */
export function decodeCursor(list: string, cursor: string | undefined, shape = /^[\x20-\x7e]{1,200}$/) {
  if (cursor === undefined) return undefined;
  const [position] = readCursor(cursor, [list], [isText(shape)]) ?? [];
  if (position !== undefined) return position;
  throw accountErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged.',
  );
}

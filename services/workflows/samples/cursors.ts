import { workflowErrors } from '@labwright/contract-workflows';
import { isText, readCursor, writeCursor } from '@labwright/kernel/cursor';

/** What a page is of: the list and its filters. A cursor holds for the same list with the same filters only. */
export type ListName = readonly (string | null)[];

/** The position after which the next page begins. */
export const encodeCursor = (list: ListName, position: string): string => writeCursor(...list, position);

/** The position in a cursor of this list; `start` where there is no cursor. Throws `invalid_cursor`, also where it does not match `shape`. */
export function decodeCursor(
  list: ListName,
  cursor: string | undefined,
  start: string,
  shape: RegExp,
): string {
  if (cursor === undefined) return start;
  const [position] = readCursor(cursor, list, [isText(shape)]) ?? [];
  if (position !== undefined) return position;
  throw workflowErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, with the same filters.',
  );
}

import { fileErrors } from '@labwright/contract-hub/files-errors';
import { isText, readCursor, writeCursor } from '@labwright/kernel/cursor';

/** The place behind the last row of a page, for this list with these filters. */
export const encodeCursor = (list: string, place: readonly string[]): string => writeCursor(list, ...place);

/** The place in a cursor of that list, each part of which must match its form. Throws `invalid_cursor`. */
export function decodeCursor(list: string, cursor: string, forms: readonly RegExp[]): string[] {
  const place = readCursor(cursor, [list], forms.map(isText));
  if (place) return place;
  throw fileErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list with these filters. Pass `next_cursor` unchanged, or leave it out to begin at the start.',
  );
}

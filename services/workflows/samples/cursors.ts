import { workflowErrors } from '@labwright/contract-workflows';

/** What a page is of: the list and its filters. A cursor holds for the same list with the same filters only. */
export type ListName = readonly (string | null)[];

/** The position after which the next page begins, as text that callers pass back unchanged. */
export function encodeCursor(list: ListName, position: string): string {
  return Buffer.from(JSON.stringify([...list, position])).toString('base64url');
}

/**
 * The position in a cursor of this list; `start` where there is no cursor. Throws `invalid_cursor` for anything that
 * `encodeCursor` did not make of this list, or whose position does not match `shape`.
 */
export function decodeCursor(
  list: ListName,
  cursor: string | undefined,
  start: string,
  shape: RegExp,
): string {
  if (cursor === undefined) return start;
  const position = positionIn(cursor);
  if (position === undefined || !shape.test(position) || encodeCursor(list, position) !== cursor)
    throw workflowErrors.problem(
      'invalid_cursor',
      'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, with the same filters.',
    );
  return position;
}

function positionIn(cursor: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const last: unknown = Array.isArray(parts) ? parts.at(-1) : undefined;
    return typeof last === 'string' ? last : undefined;
  } catch {
    return undefined;
  }
}

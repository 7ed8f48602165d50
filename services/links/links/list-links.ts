import { Link, linkErrors } from '@labwright/contract-hub/links';
import { isText, isTimestamp, readCursor, writeCursor } from '@labwright/kernel/cursor';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { codeShape } from '../codes/permute.ts';
import { linkColumns } from './link-row.ts';

/** By `links_newest`. */
const page = rows(
  'links.list',
  Link,
  `SELECT ${linkColumns} FROM links WHERE (created_at, code) < ($1::timestamptz, $2)
   ORDER BY created_at DESC, code DESC LIMIT $3`,
);

const start = { time: 'infinity', code: '' };

/** One page of links, newest first. Throws `invalid_cursor`. */
export async function listLinks(
  db: Queryable,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ links: Link[]; next_cursor: string | null }> {
  const after = cursor === undefined ? start : positionIn(cursor);
  const found = await db.query(page, [after.time, after.code, limit + 1]);
  const links = found.slice(0, limit);
  const last = found.length > limit ? links.at(-1) : undefined;
  return {
    links,
    next_cursor: last ? writeCursor('links', last.created_at, last.code) : null,
  };
}

function positionIn(cursor: string): typeof start {
  const [time, code] = readCursor(cursor, ['links'], [isTimestamp, isText(codeShape)]) ?? [];
  if (time !== undefined && code !== undefined) return { time, code };
  throw linkErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged.',
  );
}

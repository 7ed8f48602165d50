import { RoomRow } from '@labwright/contract-hub/chat';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor, isName } from './cursors.ts';

/** Primary key. */
const page = rows(
  'chat.list_rooms',
  RoomRow,
  `SELECT room, last_seq, last_change, created_at, updated_at FROM chat_rooms
   WHERE room > $1 ORDER BY room LIMIT $2`,
);

/** The rooms in which somebody has written, by name. Throws `invalid_cursor`. */
export async function listRooms(
  db: Queryable,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ rooms: RoomRow[]; next_cursor: string | null }> {
  const after = decodeCursor('rooms', cursor, '', isName);
  const found = await db.query(page, [after, limit + 1]);
  const rooms = found.slice(0, limit);
  const last = rooms.at(-1);
  return { rooms, next_cursor: found.length > limit && last ? encodeCursor('rooms', last.room) : null };
}

import { deviceErrors, type Execution } from '@labwright/contract-devices';
import { isoToMicros, isRepresentable } from './range.ts';

/** A place between two rows: the logs are in the order of (started_at, id), `at` in microseconds since 1970. */
export interface LogKey {
  at: bigint;
  id: bigint;
}

/** A place to read on from, and whether towards older or newer rows. */
export interface LogCursor extends LogKey {
  direction: 'older' | 'newer';
}

const largestId = 9_223_372_036_854_775_807n;
const form = /^([on])(-?\d{1,18})\.(\d{1,19})$/;

/** Opaque to callers, who hand it back as it is. */
export function encodeCursor(direction: LogCursor['direction'], row: Pick<Execution, 'id' | 'started_at'>) {
  return encode({ direction, at: isoToMicros(row.started_at), id: BigInt(row.id) });
}

/** Throws `invalid_cursor` for anything that `encodeCursor` has not made. */
export function decodeCursor(text: string): LogCursor {
  const parts = form.exec(Buffer.from(text, 'base64url').toString('latin1'));
  if (parts) {
    const [, letter, at = '', id = ''] = parts;
    const cursor: LogCursor = {
      direction: letter === 'n' ? 'newer' : 'older',
      at: BigInt(at),
      id: BigInt(id),
    };
    if (isRepresentable(cursor.at) && cursor.id <= largestId && encode(cursor) === text) return cursor;
  }
  throw deviceErrors.problem(
    'invalid_cursor',
    'cursor is not one of ours: hand on next_cursor or prev_cursor of an earlier answer as it was.',
  );
}

function encode({ direction, at, id }: LogCursor): string {
  return Buffer.from(`${direction === 'newer' ? 'n' : 'o'}${at}.${id}`, 'latin1').toString('base64url');
}

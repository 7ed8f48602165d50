import { CapturedMail } from '@labwright/contract-hub/notifications';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { decodeCursor, encodeCursor, isBigint } from '../cursors.ts';

/** Index: notification_mail_newest. */
const page = rows(
  'notifications.mail.page',
  Type.Object({ ...CapturedMail.properties, seq: Type.String() }),
  `SELECT id, recipient, subject, text, created_at, seq FROM notification_mail
   WHERE seq < $1 ORDER BY seq DESC LIMIT $2`,
);

/** One page of captured mail, newest first. Throws `invalid_cursor`. */
export async function listMail(
  db: Db,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ mail: Static<typeof CapturedMail>[]; next_cursor: string | null }> {
  const before = cursor ? decodeCursor('mail', cursor, [isBigint])[0] : '9223372036854775807';
  const found = await db.query(page, [before, limit + 1]);
  const listed = found.slice(0, limit);
  const last = listed.at(-1);
  return {
    mail: listed.map(({ seq: _seq, ...mail }) => mail),
    next_cursor: found.length > limit && last ? encodeCursor('mail', [last.seq]) : null,
  };
}

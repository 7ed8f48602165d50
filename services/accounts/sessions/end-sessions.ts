import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { revokeSessions } from '../revocations/record.ts';

const Id = Type.Object({ id: Type.String() });

const endThese = rows(
  'accounts.sessions.end',
  Id,
  `UPDATE sessions SET state = 'ended', end_reason = $2, updated_at = $3
   WHERE id = ANY($1) AND state <> 'ended' RETURNING id`,
);
// Index sessions_open_of_user: at most as many as one person may have.
const endOthers = rows(
  'accounts.sessions.end_others',
  Id,
  `UPDATE sessions SET state = 'ended', end_reason = $2, updated_at = $3
   WHERE user_id = $1 AND state = 'open' AND id <> $4 RETURNING id`,
);

/** Ends these sessions, and at once all access tokens of those that were not over yet. Answers how many those were. */
export async function endSessions(
  tx: Queryable,
  ids: readonly string[],
  reason: string,
  now: number,
): Promise<number> {
  if (ids.length === 0) return 0;
  const ended = await tx.query(endThese, [ids, reason, new Date(now).toISOString()]);
  await revokeSessions(
    tx,
    ended.map(({ id }) => id),
    now,
  );
  return ended.length;
}

/** All sessions of this person, or all but one. */
export async function endSessionsOf(
  tx: Queryable,
  userId: string,
  options: { reason: string; except?: string },
  now: number,
): Promise<number> {
  const at = new Date(now).toISOString();
  const ended = await tx.query(endOthers, [userId, options.reason, at, options.except ?? '']);
  await revokeSessions(
    tx,
    ended.map(({ id }) => id),
    now,
  );
  return ended.length;
}

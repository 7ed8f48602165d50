import { accountErrors, Session } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import type { Static } from 'typebox';
import Type from 'typebox';
import { record } from '../audit.ts';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { endSessions } from './end-sessions.ts';

const { current: _current, ...own } = Session.properties;
// Index sessions_open_of_user.
const list = rows(
  'accounts.sessions.list',
  Type.Object(own),
  `SELECT id, ip_address, user_agent, created_at, updated_at, expires_at FROM sessions
   WHERE user_id = $1 AND state = 'open' AND expires_at > $2 AND id > $3 ORDER BY id LIMIT $4`,
);
const mine = rows(
  'accounts.sessions.mine',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM sessions WHERE id = $1 AND user_id = $2 AND state = 'open'`,
);

export async function listSessions(
  deps: AccountsDeps,
  request: { userId: string; current: string | undefined; limit: number; cursor?: string },
): Promise<{ sessions: Static<typeof Session>[]; next_cursor: string | null }> {
  const after = decodeCursor('sessions', request.cursor) ?? '';
  const found = await deps.db.query(list, [
    request.userId,
    timestamp(deps.clock.now()),
    after,
    request.limit + 1,
  ]);
  const page = found.slice(0, request.limit);
  const last = page.at(-1);
  return {
    sessions: page.map((session) => ({ ...session, current: session.id === request.current })),
    next_cursor: found.length > page.length && last ? encodeCursor('sessions', last.id) : null,
  };
}

/** One's own session on another machine. Throws `session_not_found`. */
export async function endOwnSession(
  deps: AccountsDeps,
  owner: { id: string; name: string },
  sessionId: string,
): Promise<void> {
  await deps.db.transaction(async (tx: Queryable) => {
    if (!(await tx.first(mine, [sessionId, owner.id])))
      throw accountErrors.problem(
        'session_not_found',
        'You have no open session with this id. See GET /me/sessions.',
      );
    await endSessions(tx, [sessionId], 'ended by its owner', deps.clock.now());
    await record(tx, owner, { action: 'session.ended', subject: `session:${sessionId}` });
  });
}

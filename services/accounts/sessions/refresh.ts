import { accountErrors } from '@labwright/contract-hub/accounts';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { record } from '../audit.ts';
import { type AccountsDeps, lifetimes, timestamp } from '../deps.ts';
import { UserRow, userColumns } from '../people/user-row.ts';
import { digest } from '../secrets/vault.ts';
import { endSessions } from './end-sessions.ts';
import { issueTokens, type Opened } from './open-session.ts';

// By the primary key of refresh_tokens. The person is locked first, as everywhere, then the token.
const find = rows(
  'accounts.refresh_tokens.find',
  Type.Object({
    ...UserRow.properties,
    session_id: Type.String(),
    state: Type.String(),
    session_expires_at: Timestamp,
    token_expires_at: Timestamp,
    used_at: nullable(Timestamp),
  }),
  `SELECT ${userColumns}, s.id AS session_id, s.state, s.expires_at AS session_expires_at, r.expires_at AS token_expires_at, r.used_at
   FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id
   WHERE r.hash = $1 FOR SHARE OF u`,
);
const useUp = command(
  'accounts.refresh_tokens.use_up',
  'UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL',
);
const extend = command(
  'accounts.sessions.extend',
  `UPDATE sessions SET expires_at = $2, updated_at = $3 WHERE id = $1 AND state = 'open'`,
);

/**
 * A new pair of tokens for a refresh token, which is used up. One that was used before has been copied: its session ends for everybody who has
 * tokens of it. Throws `session_ended`.
 */
export async function refresh(deps: AccountsDeps, token: string): Promise<Opened> {
  const now = deps.clock.now();
  const hash = digest(token);
  const opened = await deps.db.transaction(async (tx): Promise<Opened | 'over' | 'shown twice'> => {
    const found = await tx.first(find, [hash]);
    if (!found) return 'over';
    const { session_id, state, session_expires_at, token_expires_at, used_at, ...user } = found;
    const over = Math.min(Date.parse(session_expires_at), Date.parse(token_expires_at)) <= now;
    if (state !== 'open' || user.locked_at !== null || (over && used_at === null)) return 'over';
    // Of two at once the second waits here, and finds it used.
    if (used_at !== null || (await tx.execute(useUp, [hash, timestamp(now)])) === 0) {
      await endSessions(tx, [session_id], 'a used refresh token was shown', now);
      await record(tx, user, { action: 'session.reuse_detected', subject: `session:${session_id}` });
      return 'shown twice';
    }
    // It ended while this waited.
    if (
      (await tx.execute(extend, [session_id, timestamp(now + lifetimes.refreshToken), timestamp(now)])) === 0
    )
      return 'over';
    return { user, sessionId: session_id, ...(await issueTokens(deps, tx, user, session_id)) };
  });
  if (opened === 'over') throw accountErrors.problem('session_ended', 'This session is over. Sign in again.');
  if (opened === 'shown twice')
    throw accountErrors.problem(
      'session_ended',
      'This refresh token was used before, so somebody may have copied it: the session was ended. Sign in again.',
    );
  return opened;
}

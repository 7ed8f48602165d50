import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { record } from '../audit.ts';
import type { AccountsDeps } from '../deps.ts';
import { digest } from '../secrets/vault.ts';
import { endSessions } from './end-sessions.ts';

const Owned = Type.Object({ id: Type.String(), user_id: Type.String(), name: Type.String() });
const byRefreshToken = rows(
  'accounts.sessions.by_refresh_token',
  Owned,
  `SELECT s.id, s.user_id, u.name FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id
   WHERE r.hash = $1`,
);
const byId = rows(
  'accounts.sessions.by_id',
  Owned,
  'SELECT s.id, s.user_id, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1',
);

/** Ends the session that shows a refresh token of it, or that an access token named. Signing out twice is no mistake. */
export async function signOut(
  deps: AccountsDeps,
  shown: { refreshToken?: string | undefined; sessionId?: string | undefined },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const found =
      (shown.refreshToken && (await tx.first(byRefreshToken, [digest(shown.refreshToken)]))) ||
      (shown.sessionId && (await tx.first(byId, [shown.sessionId])));
    if (!found) return;
    if ((await endSessions(tx, [found.id], 'signed out', deps.clock.now())) > 0)
      await record(
        tx,
        { id: found.user_id, name: found.name },
        { action: 'session.signed_out', subject: `session:${found.id}` },
      );
  });
}

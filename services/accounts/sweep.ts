import { command } from '@labwright/kernel/statement';
import { sweepAttempts } from './attempts/attempts.ts';
import { type AccountsDeps, days, timestamp } from './deps.ts';
import type { RevocationFeed } from './revocations/feed.ts';

const portion = 1_000;

// Index sessions_expiry; refresh tokens go with their session. Those that ended are kept a while: a copied token is recognised by them.
const sessions = command(
  'accounts.sessions.sweep',
  'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)',
);
const invitations = command('accounts.invitations.sweep', 'DELETE FROM invitations WHERE expires_at < $1');
// A session that is refreshed every quarter of an hour uses up a hundred a day: only as many are kept as could still be shown in time.
const refreshTokens = command(
  'accounts.refresh_tokens.sweep',
  'DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)',
);

/** Deletes what is over, in portions; and lets keys rotate. */
export async function sweep(deps: AccountsDeps, feed: RevocationFeed): Promise<void> {
  const now = deps.clock.now();
  await deps.keys.rotate();
  await feed.sweep();
  await sweepAttempts(deps);
  await deps.db.execute(invitations, [timestamp(now - 30 * days)]);
  for (const statement of [refreshTokens, sessions])
    while ((await deps.db.execute(statement, [timestamp(now - days), portion])) === portion);
}

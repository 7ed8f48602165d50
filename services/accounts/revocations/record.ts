import { type Revocation, tokenProfile } from '@labwright/contract-hub/identity';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { timestamp } from '../deps.ts';

export const revocationChannel = 'labwright_revocations';

// The lock of the head's row lasts until the commit: numbers come into being in the order in which they can be read.
const insert = command(
  'accounts.revocations.insert',
  `WITH head AS (UPDATE revocation_head SET seq = seq + cardinality($2::text[]) RETURNING seq)
   INSERT INTO revocations (seq, kind, value, until, created_at)
   SELECT head.seq - cardinality($2::text[]) + v.place, $1, v.value, $3, $4
   FROM head, unnest($2::text[]) WITH ORDINALITY AS v (value, place)`,
);
const notify = command('accounts.revocations.notify', `SELECT pg_notify('${revocationChannel}', '')`);
const revokePerson = command(
  'accounts.revocations.revoke_person',
  'UPDATE users SET revoked_until = $2 WHERE id = $1',
);

/** Beyond the last access token that may be out there: one may be dated a second ahead, and clocks of hubs differ a little. */
const sessionsLast = (tokenProfile.lifetime + 60) * 1_000;
/** Longer than anybody keeps what an API token was looked up as. */
const tokensLast = 3_600_000;

/** Ends all access tokens of these sessions. */
export const revokeSessions = (tx: Queryable, ids: readonly string[], now: number) =>
  record(tx, 'session', ids, now + sessionsLast, now);

export const revokeApiToken = (tx: Queryable, id: string, now: number) =>
  record(tx, 'token', [id], now + tokensLast, now);

/** Ends all access tokens that this person has by now; the row of the person must be locked. */
export async function revokePrincipal(
  tx: Queryable,
  user: { id: string; revoked_until: string | null },
  now: number,
): Promise<void> {
  const last = (Math.floor(now / 1_000) + tokenProfile.lifetime) * 1_000;
  // Tokens since the revocation before are dated behind that.
  const until = Math.max(last, user.revoked_until === null ? 0 : Date.parse(user.revoked_until) + 1_000);
  await tx.execute(revokePerson, [user.id, timestamp(until)]);
  await record(tx, 'principal', [user.id], until, now);
}

async function record(
  tx: Queryable,
  kind: Revocation['kind'],
  values: readonly string[],
  until: number,
  now: number,
): Promise<void> {
  if (values.length === 0) return;
  await tx.execute(insert, [kind, values, timestamp(until), timestamp(now)]);
  await tx.execute(notify);
}

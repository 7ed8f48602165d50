import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { timestamp } from '../deps.ts';

const upsert = command(
  'accounts.credentials.set_password',
  `INSERT INTO credentials (id, account_id, provider_id, user_id, password, created_at, updated_at)
   VALUES ($1, $1, 'credential', $1, $2, $3::timestamptz, $3::timestamptz)
   ON CONFLICT (provider_id, account_id) DO UPDATE SET password = excluded.password, updated_at = excluded.updated_at`,
);

// The primary key of whose it is: credentials_one_a_provider.
const changedSince = rows(
  'accounts.credentials.changed_since',
  Type.Object({ changed: Type.Boolean() }),
  `SELECT EXISTS (SELECT FROM credentials
     WHERE provider_id = 'credential' AND account_id = $1 AND updated_at > $2) AS changed`,
);

/** Whether the password is another one since: what was shown then opens nothing now. The row of the person must be locked. */
export const passwordChangedSince = async (tx: Queryable, userId: string, at: number): Promise<boolean> =>
  (await tx.first(changedSince, [userId, timestamp(at)]))?.changed === true;

export const storePassword = (tx: Queryable, userId: string, hash: string, now: number) =>
  tx.execute(upsert, [userId, hash, timestamp(now)]);

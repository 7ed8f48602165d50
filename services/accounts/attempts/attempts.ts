import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Clock } from '@labwright/kernel/clock';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { minutes, timestamp } from '../deps.ts';
import { digest } from '../secrets/vault.ts';

const window = 15 * minutes;
/** Failures in a window: of one account from one address, of one account from anywhere, of one address. */
const limits = { pair: 10, account: 50, address: 100 } as const;

// In the order of the keys, so that two do not wait for each other.
const take = rows(
  'accounts.attempts.take',
  Type.Object({ over: nullable(Type.Integer({ description: 'Milliseconds until there is room.' })) }),
  `WITH wanted AS (
     SELECT * FROM unnest($1::text[], $2::integer[]) AS w (key, most) ORDER BY key
   ), taken AS (
     INSERT INTO sign_in_attempts AS a (key, count, ends_at) SELECT key, 1, $4::timestamptz FROM wanted
     ON CONFLICT (key) DO UPDATE SET
       count = CASE WHEN a.ends_at <= $3::timestamptz THEN 1 ELSE a.count + 1 END,
       ends_at = CASE WHEN a.ends_at <= $3::timestamptz THEN excluded.ends_at ELSE a.ends_at END
     RETURNING key, count, ends_at
   )
   SELECT (extract(epoch FROM max(taken.ends_at) FILTER (WHERE taken.count > wanted.most) - $3::timestamptz) * 1000)::integer AS over
   FROM taken JOIN wanted USING (key)`,
);
const giveBack = command(
  'accounts.attempts.give_back',
  'UPDATE sign_in_attempts SET count = greatest(0, count - $3::integer) WHERE key = ANY($1) AND ends_at > $2',
);
const sweep = command('accounts.attempts.sweep', 'DELETE FROM sign_in_attempts WHERE ends_at <= $1');

/** One try of somebody at an account, counted until it is given back. */
export interface Attempt {
  /** `tries`: with those before it that this success makes good, too. `in`: the transaction of that success. */
  giveBack(how?: { tries?: number; in?: Queryable }): Promise<void>;
}

/**
 * Counts a try before it is looked at. Throws `too_many_attempts`; also for addresses that nobody has. What is refused counts for nothing: who goes on
 * from one address would otherwise use up what the account has from everywhere, and keep its owner out.
 */
export async function countAttempt(
  { db, clock }: { db: Db; clock: Clock },
  email: string,
  address: string,
): Promise<Attempt> {
  const now = clock.now();
  const account = digest(email.toLowerCase()).toString('base64url');
  const from = networkOf(address);
  const keys = {
    pair: `pair ${account} ${from}`,
    account: `account ${account}`,
    address: `address ${from}`,
  };
  const names = Object.keys(keys) as (keyof typeof keys)[];
  const wanted = names.map((name) => keys[name]);
  await db.transaction(async (tx) => {
    const counted = await tx.first(take, [
      wanted,
      names.map((name) => limits[name]),
      timestamp(now),
      timestamp(now + window),
    ]);
    if (counted?.over != null)
      throw accountErrors.problem(
        'too_many_attempts',
        'There were too many attempts to sign in to this account or from this address. Wait, then try again.',
        { retryAfter: Math.max(1, Math.ceil(counted.over / 1_000)) },
      );
  });
  return {
    giveBack: async ({ tries = 1, in: tx = db } = {}) => {
      await tx.execute(giveBack, [wanted, timestamp(clock.now()), tries]);
    },
  };
}

export const sweepAttempts = ({ db, clock }: { db: Db; clock: Clock }) =>
  db.execute(sweep, [timestamp(clock.now())]);

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address.replace('::ffff:', '');
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const groups = address.includes('::')
    ? [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return `${groups.slice(0, 4).join(':')}::/64`;
}

import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** A key that is held, and who waits for it. */
export interface HeldLock {
  key: string;
  holder: string;
  token: string;
  /** ISO 8601; unless it is renewed. */
  expires_at: string;
  /** Its time is over, and nobody has taken the key yet. */
  expired: boolean;
  /** Those in line who still say so; counted to 1,000. */
  waiting: number;
  /** The first ten of them, in their order. */
  waiters: string[];
}

/** Keys that a page looks at: most are free, for a day. */
const mostWalked = 2_000;

// locks_pkey in its order; the line of each that is held by lock_line_pkey, up to a limit.
const walk = rows(
  'locks.list',
  Type.Object({
    walked: Type.Integer(),
    end: nullable(Type.String()),
    key: nullable(Type.String()),
    holder: nullable(Type.String()),
    token: nullable(Type.String()),
    expires_at: nullable(Type.String()),
    expired: nullable(Type.Boolean()),
    waiting: nullable(Type.Integer()),
    waiters: nullable(Type.Array(Type.String())),
  }),
  `WITH walked AS MATERIALIZED (SELECT key, token, holder, expires_at FROM locks WHERE key > $1 ORDER BY key LIMIT ${mostWalked})
   SELECT all_of_them.walked, all_of_them.end, held.key, held.holder::text AS holder, held.token, held.expires_at,
     held.expires_at <= clock_timestamp() AS expired, line.waiting, line.waiters
   FROM (SELECT count(*)::int AS walked, max(w.key) AS end FROM walked w) AS all_of_them
   LEFT JOIN LATERAL (SELECT w.* FROM walked w WHERE w.holder IS NOT NULL ORDER BY w.key LIMIT $2) AS held ON true
   LEFT JOIN LATERAL (
     SELECT count(*)::int AS waiting, coalesce((array_agg(l.holder::text ORDER BY l.place))[1:10], '{}') AS waiters
     FROM (SELECT q.holder, q.place FROM lock_line q WHERE q.key = held.key AND q.alive_until > clock_timestamp() ORDER BY q.place LIMIT 1000) AS l) AS line ON true
   ORDER BY held.key`,
);

/**
 * The keys that are held, by key, at a cost that does not grow with the table: a page may hold fewer than `limit` before the end. `next` is the key
 * behind which the next one begins; null at the end.
 */
export async function listLocks(
  db: Queryable,
  page: { after: string; limit: number },
): Promise<{ locks: HeldLock[]; next: string | null }> {
  const found = await db.query(walk, [page.after, page.limit + 1]);
  const held = found.flatMap(({ key, holder, token, expires_at, expired, waiting, waiters }) =>
    key !== null && holder !== null && token !== null && expires_at !== null
      ? [
          {
            key,
            holder,
            token,
            expires_at,
            expired: expired ?? false,
            waiting: waiting ?? 0,
            waiters: waiters ?? [],
          },
        ]
      : [],
  );
  const locks = held.slice(0, page.limit);
  const [first] = found;
  const walkedOn = first?.walked === mostWalked ? first.end : null;
  return { locks, next: held.length > locks.length ? (locks.at(-1)?.key ?? null) : walkedOn };
}

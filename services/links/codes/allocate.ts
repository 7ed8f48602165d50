import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { base62, permutation } from './permute.ts';

const nextRange = rows(
  'links.next_range',
  Type.Object({ first: Type.String() }),
  `SELECT nextval('link_id_ranges') AS first`,
);

const secretOf = rows(
  'links.secret',
  Type.Object({ secret: Type.String() }),
  'SELECT secret FROM link_secret',
);

/** As `link_id_ranges` counts. */
const rangeSize = 1_000;

/**
 * Codes that nobody has, from a range of numbers that belongs to this process: one exchange for a thousand of them, and no row
 * on which all who make links would wait for each other.
 *
 *     empty ──asked──► a range is fetched, once for all who ask ──► numbers are given away ──the last one──► empty
 */
export function codeAllocator(db: Db): () => Promise<string> {
  let next = 0;
  let end = 0;
  let fetching: Promise<void> | undefined;
  let shuffle: ((number: number) => number) | undefined;

  const fetch = async () => {
    const [range, key] = await Promise.all([db.first(nextRange), shuffle ? undefined : db.first(secretOf)]);
    if (!range) throw new Error('nextval answered no row');
    if (!shuffle) {
      if (!key)
        throw new Error('link_secret is empty: codes cannot be made without the key of those that are there');
      shuffle = permutation(key.secret);
    }
    next = Number(range.first);
    end = next + rangeSize;
  };
  return async () => {
    while (next === end || !shuffle) {
      fetching ??= fetch().finally(() => {
        fetching = undefined;
      });
      await fetching;
    }
    next += 1;
    return base62(shuffle(next - 1));
  };
}

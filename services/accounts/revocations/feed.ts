import { Revocation, type RevocationPage } from '@labwright/contract-hub/identity';
import type { Clock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { minutes, timestamp } from '../deps.ts';
import { revocationChannel } from './record.ts';

const pageSize = 1_000;
/** Kept that long after its end, for clocks that are behind. */
const keptAfter = 10 * minutes;

// The primary key. `seq` of the driver would be text: it is far from 2^53.
const page = rows(
  'accounts.revocations.page',
  Type.Object({ ...Revocation.properties, seq: Type.Number() }),
  `SELECT seq::float8 AS seq, kind, value, until FROM revocations
   WHERE seq > $1::bigint AND until > $2 ORDER BY revocations.seq LIMIT $3`,
);
const head = rows(
  'accounts.revocations.head',
  Type.Object({ seq: Type.Number() }),
  'SELECT seq::float8 AS seq FROM revocation_head',
);
const sweep = command('accounts.revocations.sweep', 'DELETE FROM revocations WHERE until < $1');

export interface RevocationFeed {
  /** See `IdentityApi.revocations`. */
  next(request: { after: number; wait: number; signal?: AbortSignal }): Promise<RevocationPage>;
  sweep(): Promise<number>;
  start(): Promise<void>;
  /** Who waits is answered with what there is. */
  stop(): Promise<void>;
}

export function revocationFeed({ db, clock }: { db: Db; clock: Clock }): RevocationFeed {
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of waiting) wake();
  };
  let unlisten: (() => void) | undefined;
  let stopped = false;

  const read = async (after: number): Promise<RevocationPage> => {
    // The head first: every number up to it is committed, so nothing below `next` can still appear.
    const last = (await db.first(head))?.seq ?? 0;
    if (last < after) return { revocations: [], next: last };
    const found = await db.query(page, [after, timestamp(clock.now()), pageSize]);
    const end = found.at(-1)?.seq;
    if (end !== undefined && found.length === pageSize) return { revocations: found, next: end };
    return { revocations: found, next: Math.max(last, end ?? 0) };
  };

  return {
    next: async ({ after, wait, signal }) => {
      const deadline = performance.now() + wait * 1_000;
      for (;;) {
        // Listens before it looks: what is told in between is not missed.
        const told = Promise.withResolvers<void>();
        waiting.add(told.resolve);
        const left = deadline - performance.now();
        const timer = setTimeout(told.resolve, Math.max(0, left));
        signal?.addEventListener('abort', () => told.resolve(), { once: true });
        try {
          const answer = await read(after);
          const over = left <= 0 || stopped || signal?.aborted;
          if (over || answer.revocations.length > 0 || answer.next < after) return answer;
          await told.promise;
        } finally {
          clearTimeout(timer);
          waiting.delete(told.resolve);
        }
      }
    },
    sweep: () => db.execute(sweep, [timestamp(clock.now() - keptAfter)]),
    start: async () => {
      unlisten = await db.listen(revocationChannel, { onMessage: wakeAll, onGap: wakeAll });
    },
    stop: async () => {
      stopped = true;
      unlisten?.();
      wakeAll();
    },
  };
}

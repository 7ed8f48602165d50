import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { ClaimedJob, claimedColumns } from '../job.ts';
import { recordSuccesses } from '../store/finish.ts';
import type { Transport, Wake } from '../transport.ts';
import { limitsChannel } from './limits.ts';

const known = rows(
  'jobs.limits.known',
  Type.Object({
    queues: Type.Array(Type.String()),
    tasks: Type.Array(Type.String()),
    lanes: Type.Array(Type.String()),
  }),
  `SELECT ARRAY (SELECT name FROM job_limits WHERE scope = 'queue' ORDER BY name) AS queues,
     ARRAY (SELECT name FROM job_limits WHERE scope = 'task' ORDER BY name) AS tasks,
     ARRAY (SELECT DISTINCT queue FROM job_lanes ORDER BY queue) AS lanes`,
);

const claim = rows(
  'jobs.limits.claim',
  ClaimedJob,
  `SELECT ${claimedColumns} FROM claim_limited_jobs($1, $2, $3) AS jobs`,
);

const putBack = rows(
  'jobs.limits.put_back',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM put_limited_jobs_back($1::bigint[], $2)',
);

const nextToken = rows(
  'jobs.limits.next_token',
  Type.Object({ ms: nullable(Type.Number()) }),
  'SELECT limited_jobs_in_us($1)::float8 / 1000 AS ms',
);

/** What is limited, as this process knows it: told by notification, and looked up each second where it is needed. */
export interface KnownLimits {
  /** Whether a queue has a limit of its own: its jobs are claimed by `claim_limited_jobs` (a relay: `grant_limited_jobs`) only. */
  isQueueLimited(queue: string): boolean;
  /** Whether jobs of limited tasks are aside there: these are claimed so, the others in any way. */
  hasLanes(queue: string): boolean;
  /** Whether jobs of a task must not begin without a token: put_limited_jobs_back. */
  isTaskLimited(task: string): boolean;
  readonly anyTask: boolean;
  /** Resolves once it knows; looks again, without being waited for, where the last look is a second old. */
  fresh(): Promise<void> | undefined;
  /** Hears of changes; `changed` is called after each look that found one. */
  listen(changed: () => void): Promise<() => void>;
}

const oldAfterMs = 1_000;

export function knowLimits(db: Db): KnownLimits {
  let queues = new Set<string>();
  let lanes = new Set<string>();
  let tasks = new Set<string>();
  let text = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let first: Promise<void> | undefined;
  const watchers = new Set<() => void>();

  const look = async () => {
    lookedAt = performance.now();
    const found = await db.first(known);
    const now = JSON.stringify(found);
    if (!found || now === text) return;
    text = now;
    queues = new Set(found.queues);
    tasks = new Set(found.tasks);
    lanes = new Set(found.lanes);
    for (const changed of watchers) changed();
  };
  const lookOnce = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  return {
    isQueueLimited: (queue) => queues.has(queue),
    hasLanes: (queue) => lanes.has(queue),
    isTaskLimited: (task) => tasks.has(task),
    get anyTask() {
      return tasks.size > 0;
    },
    fresh: () => {
      if (text === '') {
        first ??= lookOnce().finally(() => {
          first = undefined;
        });
        return first;
      }
      if (performance.now() - lookedAt > oldAfterMs) lookOnce().catch(() => {});
      return undefined;
    },
    listen: async (changed) => {
      watchers.add(changed);
      const again = () => {
        // A look that is on its way may have come too early.
        (looking ?? Promise.resolve()).then(lookOnce, lookOnce).catch(() => {});
      };
      const stop = await db.listen(limitsChannel, { onMessage: again, onGap: again });
      return () => {
        watchers.delete(changed);
        stop();
      };
    },
  };
}

/** A worker that waits for a token looks at least this often: another one may have set jobs of another task aside. */
const longestMs = 1_000;

export interface LimitsAround {
  limits?: KnownLimits;
  /** Called before each claim of a queue with a limit of its own: makes `ready` again what is on its way to a worker. */
  recall?(queue: string): Promise<void>;
}

/**
 * A transport with limits. Queues without any go their way as before: what it costs them is a look into a set. A job of a limited task that they
 * give out goes back before it begins, aside. The jobs of a limited queue and those aside are claimed straight from the table, whatever the transport.
 */
export function withLimits(db: Db, plain: Transport, around: LimitsAround = {}): Transport {
  const { limits = knowLimits(db), recall } = around;
  /** No token before then (`performance.now()`). */
  const closed = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  let wake: Wake = () => {};

  const close = (queue: string, ms: number, wakeThen: boolean) => {
    closed.set(queue, performance.now() + ms);
    if (!wakeThen) return;
    clearTimeout(timers.get(queue));
    const timer = setTimeout(() => {
      closed.delete(queue);
      // What waits for a token is ready.
      wake(queue, true);
    }, ms);
    timers.set(queue, timer.unref());
  };

  const claimLimited = async (queue: string, worker: string, most: number): Promise<ClaimedJob[]> => {
    const claimed = await db.query(claim, [queue, worker, most]);
    if (
      claimed.length > 0 &&
      (limits.isQueueLimited(queue) || claimed.some(({ task }) => limits.isTaskLimited(task)))
    )
      return claimed;
    const ms = (await db.first(nextToken, [queue]))?.ms;
    if (ms === undefined || ms === null) {
      // Nobody waits for a token. What comes is found in a claim of the others.
      if (!limits.isQueueLimited(queue)) close(queue, longestMs, false);
    } else if (ms > 0) close(queue, Math.min(longestMs, Math.ceil(ms)), true);
    return claimed;
  };

  /** Puts back what must not begin, and gives what may begin in its place. */
  const siftOnce = async (queue: string, worker: string, claimed: ClaimedJob[]): Promise<ClaimedJob[]> => {
    if (!limits.anyTask) return claimed;
    const limited = claimed.filter(({ task }) => limits.isTaskLimited(task)).map(({ id }) => id);
    if (limited.length === 0) return claimed;
    await db.query(putBack, [limited, worker]);
    closed.delete(queue);
    const back = new Set(limited);
    const instead = await claimLimited(queue, worker, limited.length);
    return [...claimed.filter(({ id }) => !back.has(id)), ...instead];
  };

  const claimPlain = async (queue: string, worker: string, most: number): Promise<ClaimedJob[]> =>
    sift(queue, worker, most, await plain.claim(queue, worker, most));

  /** Where all that came had to go back, what comes behind it is asked for. */
  const sift = async (queue: string, worker: string, most: number, claimed: ClaimedJob[]) => {
    const may = await siftOnce(queue, worker, claimed);
    return claimed.length > 0 && may.length === 0 ? claimPlain(queue, worker, most) : may;
  };

  const isClosed = (queue: string) => (closed.get(queue) ?? 0) > performance.now();
  /** Queues of which the others are asked for first, the next time. */
  const othersFirst = new Set<string>();
  /** A claim of what is aside sees all that is `ready`; where others come in another way, they take turns to be first. */
  const claimWithLanes = async (queue: string, worker: string, most: number): Promise<ClaimedJob[]> => {
    if (!plain.othersWait) return claimLimited(queue, worker, most);
    const ways = [claimLimited, claimPlain];
    if (othersFirst.delete(queue)) ways.reverse();
    else othersFirst.add(queue);
    const claimed: ClaimedJob[] = [];
    for (const way of ways)
      if (claimed.length < most) claimed.push(...(await way(queue, worker, most - claimed.length)));
    return claimed;
  };
  const claimOfLimitedQueue = async (queue: string, worker: string, most: number): Promise<ClaimedJob[]> => {
    await recall?.(queue);
    return isClosed(queue) ? [] : claimLimited(queue, worker, most);
  };
  /** Undefined where the queue goes its way as ever. */
  const claimOther = (queue: string, worker: string, most: number): Promise<ClaimedJob[]> | undefined => {
    if (limits.isQueueLimited(queue)) return claimOfLimitedQueue(queue, worker, most);
    return limits.hasLanes(queue) && !isClosed(queue) ? claimWithLanes(queue, worker, most) : undefined;
  };

  const isPlain = (queue: string) =>
    !limits.isQueueLimited(queue) && (!limits.hasLanes(queue) || isClosed(queue));
  const { finishKeyedAndClaim } = plain;
  const withKeyed: Pick<Transport, 'finishKeyedAndClaim'> = finishKeyedAndClaim
    ? {
        finishKeyedAndClaim: async (done, queue, worker, queues) => {
          await limits.fresh();
          if (!isPlain(queue))
            return { followers: await recordSuccesses(db, worker, done, queues), claimed: [] };
          const { followers, claimed } = await finishKeyedAndClaim(done, queue, worker, queues);
          return { followers, claimed: await siftOnce(queue, worker, claimed) };
        },
      }
    : {};

  return {
    ...plain,
    ...withKeyed,
    claim: async (queue, worker, most) => {
      await limits.fresh();
      return claimOther(queue, worker, most) ?? claimPlain(queue, worker, most);
    },
    finishAndClaim: async (done, queue, worker, most) => {
      await limits.fresh();
      if (plain.finishAndClaim && isPlain(queue))
        return sift(queue, worker, most, await plain.finishAndClaim(done, queue, worker, most));
      await recordSuccesses(db, worker, done, []);
      return claimOther(queue, worker, most) ?? claimPlain(queue, worker, most);
    },
    listen: async (woken) => {
      wake = woken;
      const stops = await Promise.all([
        plain.listen(woken),
        limits.listen(() => {
          closed.clear();
          woken(null);
        }),
      ]);
      return () => {
        for (const timer of timers.values()) clearTimeout(timer);
        for (const stop of stops) stop();
      };
    },
  };
}

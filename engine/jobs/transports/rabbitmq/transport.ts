import type { Db } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob } from '../../job.ts';
import { knowLimits, withLimits } from '../../limits/transport.ts';
import { idsAndResults, recordSuccesses } from '../../store/finish.ts';
import { markAsleep } from '../../store/wake.ts';
import type { Transport, Wake } from '../../transport.ts';
import type { Broker } from './broker.ts';
import { claimSent, finishAndClaimSent, stillOpen, unsend } from './statements.ts';
import { checkNamespace } from './topology.ts';
import { createTray, type Tray } from './tray.ts';

export interface RabbitOptions {
  db: Db;
  broker: Broker;
  /** One for each database: its queues on the broker are `labwright.NAMESPACE.QUEUE`. */
  namespace: string;
  log: Log;
}

/** Messages of a limited queue that are given back at once. */
const recalls = 250;

/**
 * Jobs by way of RabbitMQ: the relay sends the ids of committed rows, and a delivery is a hint that a row may be claimed.
 *
 *     delivered ──► in the tray ──claimed, committed──► acknowledged
 *                        ├─ the row waits for nobody (done, cancelled, in other hands) ──► acknowledged, dropped
 *                        ├─ the row waits, but not for us now (paused queue, locked) ──► stays in the tray
 *                        └─ nobody asks for it ──► handed back to the broker, for others
 *
 * A message is acknowledged when its job is claimed and not when it is done, so a long job never meets the broker's
 * `consumer_timeout`; a worker that dies is noticed by its lease, and its jobs are sent anew.
 *
 * A queue with a rate limit is not carried by the broker: what lay there is `ready` again, and is claimed from the table with
 * its token. For messages wait, and a worker that comes late would find more of them than may start.
 */
export function rabbitTransport({ db, broker, namespace, log }: RabbitOptions): Transport {
  checkNamespace(namespace);
  const trays = new Map<string, Tray>();
  const wakers = new Set<Wake>();
  const limits = knowLimits(db);

  const trayOf = (queue: string): Tray => {
    const known = trays.get(queue);
    if (known) return known;
    const made = createTray({
      broker,
      namespace,
      queue,
      log,
      onFilled: () => {
        for (const wake of wakers) wake(queue, true);
      },
    });
    trays.set(queue, made);
    return made;
  };

  const claimThese = (queue: string, worker: string) => (ids: readonly string[]) =>
    db.query(claimSent, [queue, worker, ids]);

  /** Claims what lies in the tray, by `ask`. */
  const claimFrom = async (
    queue: string,
    worker: string,
    most: number,
    ask: (ids: readonly string[]) => Promise<ClaimedJob[]>,
  ): Promise<ClaimedJob[]> => {
    const tray = trayOf(queue);
    const taken = tray.take(most);
    if (taken.length === 0) return [];
    const ids = taken.map(({ id }) => id);
    const claimed = new Map<string, ClaimedJob>();
    const open = new Set<string>();
    try {
      for (const job of await ask(ids)) claimed.set(job.id, job);
      if (claimed.size < taken.length) {
        const others = ids.filter((id) => !claimed.has(id));
        for (const { id } of await db.query(stillOpen, [queue, others])) open.add(id);
      }
    } catch (error) {
      // Claimed or not, the row will tell: the messages are asked about again.
      tray.putBack(taken);
      throw error;
    }
    tray.putBack(taken.filter(({ id }) => open.has(id)));
    tray.done(taken.filter(({ id }) => !open.has(id)));
    // None of them waits any more (they were cancelled, say): whoever asked would rest, with others behind them.
    if (claimed.size === 0 && open.size === 0)
      return claimFrom(queue, worker, most, claimThese(queue, worker));
    return [...new Set(ids)].flatMap((id) => claimed.get(id) ?? []);
  };

  /** What was sent before the queue had a limit. */
  const recall = async (queue: string): Promise<void> => {
    const tray = trayOf(queue);
    for (let taken = tray.take(recalls); taken.length > 0; taken = tray.take(recalls)) {
      try {
        await db.query(unsend, [taken.map(({ id }) => id)]);
      } catch (error) {
        tray.putBack(taken);
        throw error;
      }
      tray.done(taken);
    }
  };

  const carried: Transport = {
    claim: (queue, worker, most) => claimFrom(queue, worker, most, claimThese(queue, worker)),
    finishAndClaim: async (done, queue, worker, most) => {
      let recorded = false;
      const claimed = await claimFrom(queue, worker, most, (ids) => {
        recorded = true;
        return db.query(finishAndClaimSent, [...idsAndResults(done), worker, queue, ids]);
      });
      if (!recorded) await recordSuccesses(db, worker, done, []);
      return claimed;
    },
    // The relay is who sleeps at the table, and a worker is woken by a delivery; but what is limited has only the worker.
    sleeps: (queues, asleep) => markAsleep(db, queues.filter(limits.isQueueLimited), asleep),
    listen: async (wake) => {
      wakers.add(wake);
      const stop = await db.listen('labwright_jobs', {
        onMessage: (queue) => {
          if (limits.isQueueLimited(queue)) wake(queue);
        },
        onGap: () => wake(null),
      });
      return () => {
        stop();
        wakers.delete(wake);
        if (wakers.size === 0) for (const tray of trays.values()) tray.close();
        if (wakers.size === 0) trays.clear();
      };
    },
    othersWait: (queue) => trays.get(queue)?.othersWait ?? true,
  };
  return withLimits(db, carried, { limits, recall });
}
